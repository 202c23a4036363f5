"""A load ends before the disk of the database is used up, keeps what is committed and can be resumed (F-13)."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from archive.documents.models import Communication
from archive.ingest import pipeline
from archive.ingest.running import load_now, resume_load
from archive.ingest.services import LoadRequest
from archive.storage import room
from archive.work.models import WorkItem
from archive.work.services import run_due_items
from tests.archive.ingest.packages import manifest_of, record, write_tar
from tests.archive.ingest.test_interrupted import ACTOR

pytestmark = pytest.mark.usefixtures("configured")
Usage = namedtuple("Usage", "total used free")


def test_below_the_reserve_a_load_fails_clearly_and_goes_on_with_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, recorded: Any
) -> None:
    for name in ("CHUNK_RECORDS", "PART_RECORDS", "ROWS_IN_MEMORY"):
        monkeypatch.setattr(pipeline, name, 1)
    free = [settings.RESERVE_MB * room.MIB - 1]
    asked: list[Path] = []

    def disk_usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(10**12, 0, free[0])

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    files = {f"print/{number}.pdf": b"%d" % number * 1000 for number in range(1, 4)}
    path = write_tar(tmp_path / "a.tar", {"manifest.jsonl": manifest_of(*map(record, range(1, 4))), **files})
    load = load_now(LoadRequest(path, "engine"), actor=ACTOR)
    assert load.state == "failed" and asked == [settings.DATA_DIR]
    assert load.message.startswith("No space is left") and "can then be resumed" in load.message
    assert recorded(load)[-1] == ("load.failed", ACTOR.name) and load.archived < 3
    free[0] += 1
    resume_load(load, actor=ACTOR)
    run_due_items()
    assert WorkItem.objects.filter(kind="load.run").latest("pk").state == "done"
    load.refresh_from_db()
    assert (load.state, load.archived) == ("complete", 3) and Communication.objects.count() == 3


def test_without_a_reserve_nobody_is_held_up(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.RESERVE_MB = 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12, 0))
    room.leave_reserve()
