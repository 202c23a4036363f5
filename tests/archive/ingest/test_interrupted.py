"""Loads that break off: they resume where they were, make no duplicate and leave no half document (F-01, F-02)."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.audit.models import LoadPart
from archive.batches.models import Load
from archive.documents.locators import locator_of
from archive.documents.models import Communication, Variant
from archive.ingest import pipeline, services
from archive.ingest.services import LoadRequest, create_load, run_load
from archive.storage.models import WriteIntent
from archive.storage.reading import read_whole
from archive.work.leases import PauseRequested, StopRequested
from tests.archive.ingest.conftest import ACTOR
from tests.archive.ingest.packages import package, write_tar
from tests.configuration import CONFIGURATION

ROOT = Path(__file__).resolve().parents[3]


class BrokenOffError(Exception):
    """What the tests break loads off with."""


@pytest.fixture
def _small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "CHUNK_RECORDS", 2)
    monkeypatch.setattr(pipeline, "PART_RECORDS", 2)
    monkeypatch.setattr(pipeline, "ROWS_IN_MEMORY", 3)


def new_load(path: Path) -> Load:
    """Make a load of a package, queued."""
    return create_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)


def at_call(number: int, error: type[BaseException]) -> Callable[[Load], None]:
    """Return a control that raises at its n-th call."""
    calls = 0

    def control(load: Load) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            raise error

    return control


def never(load: Load) -> None:
    """Let a load run."""


def assert_whole(count: int) -> None:
    """Check that every record is there once, complete, and reads back."""
    assert Communication.objects.count() == count
    for variant in Variant.objects.all():
        assert hashlib.sha256(read_whole(locator_of(variant))).digest() == bytes(variant.sha256)
    assert Variant.objects.count() == count
    leaves = sum(len(bytes(part.leaves)) // 32 for part in LoadPart.objects.all())
    assert leaves == count
    assert not WriteIntent.objects.exists()


@pytest.mark.usefixtures("configured", "_small_rounds")
def test_a_load_that_breaks_off_anywhere_ends_the_same_once_resumed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(11))
    load = new_load(path)
    for number in range(1, 20):
        try:
            run_load(load, actor=ACTOR, control=at_call(number, BrokenOffError))
        except BrokenOffError:
            load.refresh_from_db()
            assert load.state == Load.State.ERRORED and "BrokenOffError" in load.message
            continue
        break
    load.refresh_from_db()
    assert (load.state, load.archived, load.duplicates, load.received) == ("complete", 11, 0, 11)
    assert_whole(11)


@pytest.mark.usefixtures("configured", "_small_rounds")
@pytest.mark.parametrize(("wish", "state"), [(PauseRequested, "paused"), (StopRequested, "stopped")])
def test_a_paused_or_stopped_load_goes_on_after_what_it_committed(
    tmp_path: Path, wish: type[Exception], state: str, recorded: Any
) -> None:
    load = new_load(write_tar(tmp_path / "a.tar", package(11)))
    run_load(load, actor=ACTOR, control=at_call(3, wish))
    load.refresh_from_db()
    assert load.state == state and 0 < load.next_record < 11
    run_load(load, actor=ACTOR, control=never)
    load.refresh_from_db()
    assert (load.state, load.archived, load.duplicates) == ("complete", 11, 0)
    assert_whole(11)
    verbs = [verb for verb, _actor in recorded(load) if verb != "load.part"]
    assert verbs == ["load.created", "load.started", f"load.{state}", "load.started", "load.completed"]


@pytest.mark.usefixtures("configured")
def test_a_change_whose_event_cannot_be_written_does_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.ingest import commit

    def refuse(**_event: Any) -> None:
        raise BrokenOffError

    load = new_load(write_tar(tmp_path / "a.tar", package(3)))
    with monkeypatch.context() as broken:
        broken.setattr(commit.audit, "record_load_part", refuse, raising=False)
        with pytest.raises(BrokenOffError):
            run_load(load, actor=ACTOR, control=never)
    assert not Communication.objects.exists() and not Variant.objects.exists()
    run_load(load, actor=ACTOR, control=never)
    assert_whole(3)


@pytest.mark.usefixtures("configured")
def test_a_truncated_archive_archives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(6))
    with tarfile.open(path) as archive:
        cut = archive.getmember("print/4.pdf").offset_data + 3
    path.write_bytes(path.read_bytes()[:cut])
    load = services.run_load(new_load(path), actor=ACTOR, control=never)
    assert load.state == "incomplete" and load.message
    assert (load.archived, load.rejected) == (3, 3)
    assert_whole(3)


def _manage(data: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=_environment(data),
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def _environment(data: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    return {**kept, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings"}


def test_a_load_killed_at_random_moments_is_whole_once_loaded_again(tmp_path: Path) -> None:
    """Kill the whole process group of a real load several times; the sampled run of what `make soak` does at length."""
    kills = 4
    count = 4_000
    data = tmp_path / "data"
    (tmp_path / "configuration.json").write_text(json.dumps(CONFIGURATION))
    path = write_tar(tmp_path / "a.tar", package(count))
    assert _manage(data, "migrate", "-v0").returncode == 0
    assert _manage(data, "configure", str(tmp_path / "configuration.json")).returncode == 0
    chance = random.Random(7)
    for _kill in range(kills):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "ingest", str(path), "--producer", "engine", "--json"],
            cwd=ROOT,
            env=_environment(data),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0.7, 1.6))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _assert_consistent(data)
    done = _manage(data, "ingest", str(path), "--producer", "engine", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (report["received"], report["rejected"]) == (count, 0)
    with sqlite3.connect(data / "vellum.db") as database:
        assert database.execute(
            "SELECT count(*), count(DISTINCT external_id) FROM archive_communication"
        ).fetchone() == (
            count,
            count,
        )
    _assert_consistent(data)


def _assert_consistent(data: Path) -> None:
    """Check after a kill: every visible record is whole, its bytes are there, its leaf is logged."""
    with sqlite3.connect(data / "vellum.db") as database:
        rows = database.execute(
            "SELECT c.order_key, v.sha256, v.offset, v.length, l.key FROM archive_communication c "
            "LEFT JOIN archive_variant v ON v.order_key = c.order_key "
            "LEFT JOIN archive_location l ON l.stored_object_id = v.stored_object_id"
        ).fetchall()
        keys = database.execute("SELECT count(*) FROM archive_ingestkey").fetchone()[0]
        persons = database.execute("SELECT count(*) FROM archive_person").fetchone()[0]
        leaves = database.execute("SELECT coalesce(sum(length(leaves)), 0) / 32 FROM audit_loadpart").fetchone()[0]
    assert keys == persons == leaves == len(rows)
    for _key, sha256, offset, length, key in rows:
        with (data / "objects" / key).open("rb") as pack:
            pack.seek(offset)
            assert hashlib.sha256(pack.read(length)).digest() == sha256
