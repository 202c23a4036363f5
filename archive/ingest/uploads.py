"""Uploads: the request's body goes to disk piece by piece, and only a whole one becomes a load (F-13)."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from archive.ingest.errors import LoadError

PIECE_BYTES = 1024 * 1024
FREE_BYTES = 512 * 1024 * 1024
_UNSAFE = re.compile(r"[^\w.() -]+")


class UploadError(LoadError):
    """An upload was not taken; nothing is left of it."""


class NoRoomError(UploadError):
    """There is not enough room for it now."""


def save_upload(read: Callable[[int], bytes], *, name: str, size_bytes: int) -> Path:
    """Write a body of a known size to disk, durably.

    Errors: NoRoomError before a byte is taken where the disk could not hold it; UploadError when it breaks off.
    """
    folder = Path(settings.DATA_DIR) / "incoming" / uuid4().hex
    folder.mkdir(parents=True)
    try:
        if shutil.disk_usage(folder).free < 2 * size_bytes + FREE_BYTES:
            raise NoRoomError("There is not enough room for this package now. Tell operations, and try again later.")
        path = folder / _safe(name)
        _write(path, read, size_bytes)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path


def remove_upload(path: Path) -> None:
    """Remove an upload whose load is complete."""
    if path.parent.parent == Path(settings.DATA_DIR) / "incoming":
        shutil.rmtree(path.parent, ignore_errors=True)


def _write(path: Path, read: Callable[[int], bytes], size_bytes: int) -> None:
    written = 0
    try:
        with path.open("xb") as file:
            while written < size_bytes and (piece := read(min(PIECE_BYTES, size_bytes - written))):
                written += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NoRoomError(f"The upload could not be written: {error.strerror}. Tell operations.") from error
    if written != size_bytes:
        raise UploadError(f"Only {written} of {size_bytes} bytes arrived. Send the file again.")


def _safe(name: str) -> str:
    cleaned = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")[:150]
    return cleaned or "upload"
