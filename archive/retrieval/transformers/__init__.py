"""Transformers: programs that make a native print format readable. Named here or in a file of this installation.

A class names which of them it uses for which content type; no command ever stands in the database, where a page could
change what runs on this machine. A program of the operating system is only called where it is installed, never brought.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

INPUT, OUTPUT = "{input}", "{output}"
VERSION_TIMEOUT_SECONDS = 10


class BadTransformersError(Exception):
    """The file of transformers cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Transformer:
    """A program that makes a PDF of something.

    Shapes: `accepts` are content types; in `command` {input} and {output} stand for paths in a folder of its own; what
    `version_command` prints first is the version.
    """

    key: str
    label: str
    accepts: tuple[str, ...]
    command: tuple[str, ...]
    version_command: tuple[str, ...]

    @property
    def is_installed(self) -> bool:
        """Tell whether the operating system has the program."""
        return shutil.which(self.command[0]) is not None


GHOSTSCRIPT = Transformer(
    key="ghostscript",
    label="Ghostscript",
    accepts=("application/postscript",),
    command=(
        "gs",
        "-dSAFER",
        "-dBATCH",
        "-dNOPAUSE",
        "-dQUIET",
        "-sDEVICE=pdfwrite",
        f"-sOutputFile={OUTPUT}",
        "-f",
        INPUT,
    ),
    version_command=("gs", "--version"),
)


def transformers() -> dict[str, Transformer]:
    """Return all transformers by key: ours, and those of the file that the setting TRANSFORMERS names.

    Errors: BadTransformersError.
    """
    path: str = settings.TRANSFORMERS
    found = [GHOSTSCRIPT, *(_of_file(path, Path(path).stat().st_mtime_ns) if path else ())]
    return {each.key: each for each in found}


def version_of(transformer: Transformer) -> str:
    """Return the version that a program tells, or nothing where it tells none."""
    program = shutil.which(transformer.version_command[0])
    return _version(transformer.version_command, Path(program).stat().st_mtime_ns) if program else ""


@lru_cache(maxsize=50)
def _version(command: tuple[str, ...], _changed_ns: int) -> str:
    try:
        done = subprocess.run(  # noqa: S603  (from our code or a file of the administrator, no shell)
            command, capture_output=True, timeout=VERSION_TIMEOUT_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[0].strip()[:100] if lines and not done.returncode else ""


@lru_cache(maxsize=2)
def _of_file(path: str, _changed_ns: int) -> tuple[Transformer, ...]:
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
        return tuple(_of_entry(entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadTransformersError(f"{path} is no list of transformers: {error!r}. See README.md.") from None


def _of_entry(entry: dict[str, Any]) -> Transformer:
    made = Transformer(
        key=str(entry["key"]),
        label=str(entry["label"]),
        accepts=tuple(map(str, entry["accepts"])),
        command=tuple(map(str, entry["command"])),
        version_command=tuple(map(str, entry["version_command"])),
    )
    whole = " ".join(made.command)
    if INPUT not in whole or OUTPUT not in whole or not made.version_command:
        raise ValueError(f"{made.key} needs {INPUT} and {OUTPUT} in its command, and a version command")
    return made
