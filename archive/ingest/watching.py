"""A drop folder: files that have stopped growing are loaded, then moved to `done/` or `failed/`, a report beside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.errors import LoadError
from archive.ingest.reports import report_of
from archive.ingest.running import run_now
from archive.ingest.services import LoadRequest, create_load

STABLE_SECONDS = 2.0
_OURS = ("done", "failed")
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")

Fingerprint = tuple[int, float]
"""(bytes, latest change): what must stay the same for a while before a file counts as complete."""


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
            if known is None or known[0] != fingerprint:
                self._seen[path] = (fingerprint, now)
            elif now - known[1] >= self.stable_seconds:
                yield path

    def _counts(self, path: Path) -> bool:
        return not (
            path.is_symlink() or path.name.startswith(".") or path.name in _OURS or path.suffix.lower() in _UNFINISHED
        )

    def load(self, path: Path, *, actor: Actor) -> Path:
        """Load one file or folder and move it; returns where it lies now, with `<name>.report.json` beside."""
        try:
            request = LoadRequest(path=path, producer_key=self.producer_key, mapping_key=self.mapping_key)
            load = run_now(create_load(request, actor=actor), actor=actor)
            good = load.state == Load.State.COMPLETE
            report = report_of(load)
        except LoadError as error:
            good, report = False, {"error": str(error)}
        self._seen.pop(path, None)
        return self._move(path, "done" if good else "failed", report)

    def _move(self, path: Path, folder: str, report: dict[str, object]) -> Path:
        target = _free_name(self.path / folder, path.name)
        target.parent.mkdir(exist_ok=True)
        text = json.dumps(report, indent=2, ensure_ascii=False, default=str)
        target.with_name(target.name + ".report.json").write_text(text + "\n", encoding="utf-8")
        path.rename(target)
        return target


def watch(folder: DropFolder, *, actor: Actor, once: bool, said: Callable[[Path], None], pause: float = 0.5) -> None:
    """Load what arrives until interrupted; with `once`, what lies there now, and return."""
    if once:
        folder.stable_seconds = 0
        list(folder.ready(time.monotonic()))
    while True:
        for path in list(folder.ready(time.monotonic())):
            said(folder.load(path, actor=actor))
        if once:
            return
        time.sleep(pause)


def _fingerprint(path: Path) -> Fingerprint:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    stats = [file.lstat() for file in files]
    return sum(stat.st_size for stat in stats), max(stat.st_mtime for stat in stats)


def _free_name(folder: Path, name: str) -> Path:
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{name}.{number}"
    return target
