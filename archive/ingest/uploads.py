"""Uploads: the request's body goes to disk piece by piece, and only a whole one becomes a load (F-13)."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from archive.batches.models import Load, LoadLogLine
from archive.ingest.errors import LoadError
from archive.work.leases import Lease

PIECE_BYTES = 1024 * 1024
FREE_BYTES = 512 * 1024 * 1024
LEFT_BEHIND_SECONDS = 24 * 3600
_UNSAFE = re.compile(r"[^\w.() -]+")


class UploadError(LoadError):
    """An upload was not taken; nothing is left of it."""


class NoRoomError(UploadError):
    """There is not enough room for it now."""


class GuardedUploadHandler(TemporaryFileUploadHandler):
    """Takes a file of a form only on the upload page, from those who may load, and where there is room for it.

    Django reads a form to its end to find the CSRF token, before any view is asked: without this, whoever can sign in
    could fill the disk by any page. A file that is refused is not read; the view finds why in `request.refused_upload`.
    """

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *rest: Any) -> None:  # noqa: N803
        """Remember how large the form is."""
        self._form_bytes = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuse, or begin to take a file."""
        request: Any = self.request
        match = getattr(request, "resolver_match", None)
        if match is None or match.url_name != "load_upload" or not request.user.has_perm("archive.run_loads"):
            raise StopUpload(connection_reset=True)
        try:
            _refuse_without_room(incoming(), self._form_bytes)
        except NoRoomError as error:
            request.refused_upload = error
            raise StopUpload(connection_reset=True) from None
        super().new_file(*args, **kwargs)


def incoming() -> Path:
    """Return the folder of uploads, which is made where it is missing. Errors: NoRoomError."""
    folder = Path(settings.DATA_DIR) / "incoming"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(error) from error
    return folder


def save_upload(read: Callable[[int], bytes], *, name: str, size_bytes: int) -> Path:
    """Write a body of a known size to disk, durably.

    Errors: NoRoomError before a byte is taken where the disk could not hold it; UploadError when it breaks off.
    """
    folder = incoming() / uuid4().hex
    _refuse_without_room(folder.parent, size_bytes)
    try:
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


def run_clear(lease: Lease) -> dict[str, Any]:
    """Remove uploads that broke off with their process, and those that failed long ago; recurring work."""
    dropped = drop_failed_uploads()
    return {"cleared": clear_left_behind(), "dropped": dropped}


def drop_failed_uploads(*, older_than_days: int | None = None) -> int:
    """Remove our copies of packages whose load failed long ago and brought nothing in; returns how many.

    Shapes: a load that set records aside keeps its package until they are mended. The load's log says what was done.
    Units: days since the load ended; FAILED_UPLOAD_DAYS unless told.
    """
    days = settings.FAILED_UPLOAD_DAYS if older_than_days is None else older_than_days
    failed = Load.objects.filter(
        state=Load.State.FAILED,
        keep_source=False,
        ended_at__lt=timezone.now() - datetime.timedelta(days=days),
        archived=0,
        variants_added=0,
        rejected=0,
    )
    return sum(_drop(load, failed, days) for load in list(failed.order_by("pk")))


def _drop(load: Load, failed: QuerySet[Load], days: int) -> bool:
    """Take the copy of one load out of reach, with a line in its log, then remove it.

    Under the writer's lock nobody resumes the load meanwhile; what a crash leaves is cleared as nobody's.
    """
    folder = Path(load.source_path).parent
    if folder.parent != incoming() or not folder.is_dir():
        return False
    dropped = folder.with_name(f"{folder.name}.dropped")
    with transaction.atomic():
        if not failed.select_for_update().filter(pk=load.pk).exists():
            return False
        text = f"The uploaded copy was removed, {days} days after the load failed. Upload the package again to load it."
        LoadLogLine.objects.create(load=load, at=timezone.now(), level="info", text=text)
        folder.rename(dropped)
    shutil.rmtree(dropped, ignore_errors=True)
    return True


def clear_left_behind(*, older_than_seconds: float = LEFT_BEHIND_SECONDS) -> int:
    """Remove what no load needs and nobody has written to for a day; returns how much that was."""
    needed = set(
        Load.objects.filter(keep_source=False)
        .exclude(state=Load.State.COMPLETE)
        .values_list("source_path", flat=True)
        .iterator()
    )
    cleared, before = 0, time.time() - older_than_seconds
    for entry in incoming().iterdir():
        files = list(entry.iterdir()) if entry.is_dir() else []
        latest = max(file.lstat().st_mtime for file in (entry, *files))
        if latest < before and not any(str(file) in needed for file in files):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
            cleared += 1
    return cleared


def shown_name(name: str) -> str:
    """Return the name of an upload as pages and reports show it: no folders, no control or direction characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in last if unicodedata.category(char)[0] != "C")[:300].strip() or "upload"


def _refuse_without_room(folder: Path, size_bytes: int) -> None:
    if shutil.disk_usage(folder).free < 2 * size_bytes + FREE_BYTES:
        raise NoRoomError("There is not enough room for this package now. Tell operations, and try again later.")


def _write(path: Path, read: Callable[[int], bytes], size_bytes: int) -> None:
    written = 0
    try:
        path.parent.mkdir()
        with path.open("xb") as file:
            while written < size_bytes and (piece := _read(read, min(PIECE_BYTES, size_bytes - written))):
                written += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _not_written(error) from error
    if written != size_bytes:
        raise UploadError(f"Only {written} of {size_bytes} bytes arrived. Send the file again.")


def _read(read: Callable[[int], bytes], size: int) -> bytes:
    """Read on; a connection that breaks ends the file, which is too short then (it is no error of the disk)."""
    try:
        return read(size)
    except OSError:
        return b""


def _not_written(error: OSError) -> NoRoomError:
    return NoRoomError(f"The upload could not be written: {error.strerror}. Tell operations.")


def _safe(name: str) -> str:
    """Return a name for our disk: letters, digits and few signs, at most 150 bytes; what it ends in stays."""
    cleaned = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    stem, suffix = os.path.splitext(cleaned)  # noqa: PTH122  (a name, no path)
    suffix = suffix.encode()[:20].decode(errors="ignore")
    return stem.encode()[:130].decode(errors="ignore") + suffix or "upload"
