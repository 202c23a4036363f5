"""A drop folder: files that have stopped growing are loaded, then moved to `done/` or `failed/`, a report beside.

Several watchers of one folder take turns. A load that is paused keeps its file where it is; one whose watcher was
killed goes on where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.errors import LoadError
from archive.ingest.readers.folder import bytes_below
from archive.ingest.reports import full_report_of
from archive.ingest.running import load_now, run_now
from archive.ingest.services import LoadRequest, source_changed
from archive.work.leases import LeaseLostError

logger = logging.getLogger(__name__)
STABLE_SECONDS = 2.0
REPORT = ".report.json"
DONE, FAILED = "done", "failed"
_OURS = (DONE, FAILED)
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")

Fingerprint = tuple[int, float]
"""(bytes, latest change): what must stay the same for a while before a file counts as complete."""


class CannotMoveError(LoadError):
    """What was loaded cannot be moved out of the way; it would be loaded again and again."""

    def __init__(self, path: Path, folder: str, error: OSError) -> None:
        super().__init__(
            f"{path.name} was loaded, but cannot be moved to {folder}/: {error.strerror}. "
            "Make that a folder on the same disk that can be written to, and start again."
        )


@dataclass(slots=True)
class DropFolder:
    """One watched folder. Sub-folders are packages of their own, except `done` and `failed`."""

    path: Path
    producer_key: str
    mapping_key: str = ""
    stable_seconds: float = STABLE_SECONDS
    _seen: dict[Path, tuple[Fingerprint, float]] = field(default_factory=dict)

    def ready(self, now: float) -> Iterator[Path]:
        """Yield what has not changed for `stable_seconds`, oldest name first. Links are never followed."""
        present = sorted(path for path in self.path.iterdir() if self._counts(path))
        self._seen = {path: seen for path, seen in self._seen.items() if path in present}
        for path in present:
            fingerprint = _fingerprint(path)
            known = self._seen.get(path)
            if fingerprint is None:
                continue  # taken away while we looked
            if known is None or known[0] != fingerprint:
                self._seen[path] = (fingerprint, now)
            elif now - known[1] >= self.stable_seconds:
                yield path

    def _counts(self, path: Path) -> bool:
        return not (
            path.is_symlink() or path.name.startswith(".") or path.name in _OURS or path.suffix.lower() in _UNFINISHED
        )

    def load(self, path: Path, *, actor: Actor) -> Path | None:
        """Load one file or folder and move it; returns where it lies now, with `<name>.report.json` beside.

        Shapes: None when it stays where it is: another watcher was first, a worker has its load, or that is paused.
        Errors: CannotMoveError.
        """
        with self._alone():
            if not path.exists():
                return None
            load, error = self._run(path, actor)
            if load is None:
                return self._move(path, FAILED, {"error": error}) if error else None
            if load.state == Load.State.PAUSED:
                return None
            report = {**full_report_of(load), **({"error": error} if error else {})}
            moved = self._move(path, DONE if load.state == Load.State.COMPLETE else FAILED, report)
            Load.objects.filter(pk=load.pk).update(source_path=str(moved.absolute()))  # it may be resumed from there
            return moved

    def _run(self, path: Path, actor: Actor) -> tuple[Load | None, str]:
        """Run the load of a file; returns it, and what went wrong otherwise."""
        load = self._open_load(path)
        try:
            if load is None:
                request = LoadRequest(path=path, producer_key=self.producer_key, mapping_key=self.mapping_key)
                return load_now(request, actor=actor), ""
            return (load if load.state == Load.State.PAUSED else run_now(load, actor=actor)), ""
        except LeaseLostError:
            return None, ""
        except LoadError as error:
            return None, str(error)
        except Exception as error:
            logger.exception("The load of %s broke off.", path.name)
            found = Load.objects.filter(source_path=str(path.absolute())).order_by("-pk").first()
            return found, f"{type(error).__name__}: {error}"

    def _open_load(self, path: Path) -> Load | None:
        """Return the load of this very file that has not ended: it is paused, or its process was killed."""
        found = Load.objects.filter(source_path=str(path.absolute()), state__in=Load.OPEN).order_by("-pk").first()
        if found is None or (found.next_record and source_changed(found, total_bytes=_bytes_of(path))):
            return None
        return found

    def _move(self, path: Path, folder: str, report: dict[str, object]) -> Path:
        text = json.dumps(report, indent=2, ensure_ascii=False, default=str)
        try:
            target = _free_name(self.path / folder, path.name)
            target.parent.mkdir(exist_ok=True)
            target.with_name(target.name + REPORT).write_text(text + "\n", encoding="utf-8")
            path.rename(target)
        except OSError as error:
            raise CannotMoveError(path, folder, error) from error
        self._seen.pop(path, None)
        return target

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait for other watchers of this folder: one at a time loads and moves. A killed one holds nothing."""
        name = hashlib.sha256(str(self.path.resolve()).encode(errors="surrogateescape")).hexdigest()[:32]
        locks = Path(settings.DATA_DIR) / "watching"
        locks.mkdir(exist_ok=True)
        with (locks / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def watch(
    folder: DropFolder, *, actor: Actor, once: bool, said: Callable[[Path], None], pause_seconds: float = 0.5
) -> None:
    """Load what arrives until interrupted; with `once`, what lies there now and does not grow, and return."""
    if once and list(folder.path.iterdir()):
        list(folder.ready(time.monotonic()))
        time.sleep(folder.stable_seconds)
    while True:
        for path in list(folder.ready(time.monotonic())):
            moved = folder.load(path, actor=actor)
            if moved is not None:
                said(moved)
        if once:
            return
        time.sleep(pause_seconds)


def _fingerprint(path: Path) -> Fingerprint | None:
    try:
        files = [path, *path.rglob("*")] if path.is_dir() else [path]
        stats = [file.lstat() for file in files]
    except FileNotFoundError:
        return None
    return sum(stat.st_size for stat in stats), max(stat.st_mtime for stat in stats)


def _bytes_of(path: Path) -> int:
    """Return the bytes of a package as its reader counts them: of a folder, those of all files below it."""
    if not path.is_dir():
        return path.lstat().st_size
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return bytes_below(descriptor)
    finally:
        os.close(descriptor)


def _free_name(folder: Path, name: str) -> Path:
    """Return a name that neither a file nor a report has yet."""
    target, number = folder / name, 1
    while target.exists() or target.is_symlink() or target.with_name(target.name + REPORT).exists():
        number += 1
        target = folder / f"{name}.{number}"
    return target
