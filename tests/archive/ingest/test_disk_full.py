"""A store whose disk is full fails a load clearly; what is committed stays, and with room again it goes on (F-13)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from archive.batches.models import Load
from archive.documents.models import Communication, Variant
from archive.ingest import pipeline
from archive.ingest.running import run_now
from archive.ingest.services import run_load
from archive.storage.models import Location
from tests.archive.ingest.conftest import ACTOR
from tests.archive.ingest.packages import manifest_of, record, write_tar
from tests.archive.ingest.test_interrupted import assert_whole, never, new_load

pytestmark = pytest.mark.usefixtures("configured")
MIB = 1024 * 1024


@pytest.fixture
def _store_on_a_small_disk(small_disk: Path, settings: Any) -> None:
    local = {**settings.STORAGES["local"], "OPTIONS": {"location": small_disk / "objects"}}
    settings.STORAGES = {**settings.STORAGES, "local": local}


def six_mib(path: Path) -> Path:
    """Write a package of six letters of a MiB."""
    files = {f"print/{number}.pdf": b"%d" % number * MIB for number in range(1, 7)}
    return write_tar(path, {"manifest.jsonl": manifest_of(*(record(number) for number in range(1, 7))), **files})


@pytest.mark.usefixtures("_store_on_a_small_disk")
def test_a_load_that_does_not_fit_fails_says_so_and_keeps_what_is_committed(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHUNK_RECORDS", "PART_RECORDS", "ROWS_IN_MEMORY"):
        monkeypatch.setattr(pipeline, name, 1)
    load = run_load(new_load(six_mib(tmp_path / "a.tar")), actor=ACTOR, control=never)
    assert load.state == "failed" and load.message.startswith("No space is left where ")
    assert 0 < load.archived < 6 and load.received == load.next_record
    assert Communication.objects.count() == Variant.objects.count() == load.archived
    kept = {str(path.relative_to(small_disk / "objects")) for path in small_disk.rglob("*") if path.is_file()}
    assert kept == set(Location.objects.values_list("key", flat=True))  # of the pack that found no room nothing is left
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    load = run_now(load, actor=ACTOR)
    assert (load.state, load.archived, load.duplicates, load.rejected) == ("complete", 6, 0, 0)
    assert_whole(6)


def test_a_database_without_room_fails_a_load_that_then_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: Any
) -> None:
    def full(_pipeline: pipeline.Pipeline) -> None:
        raise OperationalError("database or disk is full")

    load = new_load(six_mib(tmp_path / "a.tar"))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(pipeline.Pipeline, "run", full)
        run_load(load, actor=ACTOR, control=never)
    load.refresh_from_db()
    assert load.state == Load.State.FAILED and "No space is left on the disk of the database" in load.message
    assert recorded(load)[-1] == ("load.failed", "tests") and not Communication.objects.exists()
    assert run_load(load, actor=ACTOR, control=never).archived == 6
