"""What an archive or folder offers: its manifest's name, and files by name."""

from __future__ import annotations

import re
from typing import Protocol

from archive.ingest.records import MemberFile, MemberProblem

MANIFESTS = ("manifest.jsonl", "manifest.csv")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_DRIVE = re.compile(r"^[A-Za-z]:")


class Files(Protocol):
    """The files of one package."""

    name: str
    total_bytes: int
    problem: str

    def manifest_names(self) -> list[str]:
        """Return the names of files that may be the manifest: ours first, then other CSV files.

        Shapes: all lie at the top, or in the one folder at the top that holds everything else of an archive.
        """

    def open(self, name: str) -> MemberFile:
        """Return a file. Errors: MemberProblem."""

    def finish(self) -> None:
        """Look through what nobody asked for, so that `problem` says all; called when the manifest is read."""

    def close(self) -> None:
        """Close what is open."""


def checked_name(name: str) -> str:
    """Return a relative name without detours.

    Errors: MemberProblem for absolute names, `..`, backslashes, drives, NUL and empty names (S-13).
    """
    if _PLAIN.fullmatch(name):
        return name
    parts = name.split("/")
    if parts and parts[0] == ".":
        parts = parts[1:]
    if (
        not parts
        or any(part in ("", ".", "..") for part in parts)
        or "\\" in name
        or "\x00" in name
        or _DRIVE.match(name)
    ):
        raise MemberProblem("outside", f"{name!r} leads out of the package. Name files relative to the manifest.")
    return "/".join(parts)


def index_names(names: list[str]) -> list[str]:
    """Return which of these names may be somebody's index: CSV files, else texts (which may as well be letters)."""
    return [name for name in names if name.lower().endswith(".csv")] or [
        name for name in names if name.lower().endswith(".txt")
    ]


def missing(name: str) -> MemberProblem:
    """Return the problem of a file that is not there."""
    return MemberProblem("missing_file", f"{name} is not in the package. Add it, or mend the name.")
