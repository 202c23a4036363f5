"""Readers: each turns one incoming format into a stream of records and a way to its files.

How to add one: write `archive/ingest/readers/<format>.py` with a class that fulfils `archive.ingest.records.Source`,
name it in `open_source` below, add `tests/archive/ingest/readers/test_<format>.py`. Nothing after a reader changes.
"""

from __future__ import annotations

import stat
from pathlib import Path

from archive.ingest.mapping import Mapping
from archive.ingest.readers.files import Files
from archive.ingest.readers.folder import FolderFiles
from archive.ingest.readers.manifest import PackageSource
from archive.ingest.readers.tar import TarFiles, looks_like_tar
from archive.ingest.readers.zip import ZipFiles, looks_like_zip
from archive.ingest.records import Source, SourceError

__all__ = ["SourceError", "open_source"]
_GZIP = b"\x1f\x8b"


def open_source(path: Path, *, mapping: Mapping | None = None) -> Source:
    """Open a package by what it is, not by its name.

    Errors: SourceError when it is none, cannot be read, or needs a mapping.
    """
    return PackageSource(_open_files(path), mapping=mapping)


def _open_files(path: Path) -> Files:
    mode = _mode(path)
    if stat.S_ISLNK(mode):
        raise SourceError("link", f"{path.name} is a link. Give the package itself.")
    if stat.S_ISDIR(mode):
        return FolderFiles(path)
    if not stat.S_ISREG(mode):  # opening a pipe would wait for its writer for ever
        raise SourceError("unknown", f"{path.name} is no regular file. Send a tar or zip archive or a folder.")
    if path.name in ("manifest.jsonl", "manifest.csv") or path.suffix.lower() in (".jsonl", ".csv"):
        return FolderFiles(path.parent, manifest=path.name)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise SourceError("unreadable", f"{path.name} cannot be read: {error.strerror}.") from error
    if not head:
        raise SourceError("empty", f"{path.name} is empty. Was its transfer broken off? Send it again.")
    if head.startswith(_GZIP):
        raise SourceError("compressed", f"{path.name} is compressed. Unpack it, and give the .tar.")
    if looks_like_zip(head):
        return ZipFiles(path)
    if looks_like_tar(head):
        return TarFiles(path)
    raise SourceError("unknown", f"{path.name} is neither a tar nor a zip archive nor a folder. Send one of these.")


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError as error:
        raise SourceError("unreadable", f"{path.name} cannot be read: {error.strerror}.") from error
