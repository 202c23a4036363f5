"""Sixteen writers at once never see "database is locked", and none of them starves (F-14).

A moment of it in threads is part of every run; `make soak` has a minute of it in processes, with a load among them.
`SOAK_SECONDS` says how long.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.archive.ingest.packages import package, write_tar
from tests.soak.installations import Installation
from tests.soak.writing import write_for

WRITERS = 16
SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
MOMENT = 2.0


@pytest.mark.usefixtures("committed_db")
def test_sixteen_threads_write_for_a_moment_and_never_see_a_lock() -> None:
    from django.db import connection

    from archive.audit.models import Event
    from archive.batches.models import Batch

    results: dict[str, tuple[int, float]] = {}
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            results[name] = write_for(MOMENT, name)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(results) == WRITERS and min(count for count, _longest in results.values()) >= 1
    total = sum(count for count, _longest in results.values())
    assert Event.objects.filter(subject_kind="writer").count() == Batch.objects.filter(producer_id=2).count() == total


@pytest.mark.soak
def test_sixteen_processes_and_a_load_write_for_a_minute_and_never_see_a_lock(tmp_path: Path) -> None:
    at = Installation.new(tmp_path / "data")
    path = write_tar(tmp_path / "a.tar", package(20_000))
    processes = [at.start("-m", "tests.soak.writing", f"w{number}", str(SECONDS)) for number in range(WRITERS)]
    loads = [at.run("manage.py", "ingest", str(path), "--producer", "engine", "--json") for _ in range(2)]
    results: list[Any] = []
    for process in processes:
        said, complained = process.communicate(timeout=SECONDS + 120)
        assert process.returncode == 0, complained
        results.append(json.loads(said))
    counts, waits = [result[0] for result in results], [result[1] for result in results]
    with sqlite3.connect(at.data / "vellum.db") as database:
        (written,) = database.execute("SELECT count(*) FROM audit_event WHERE subject_kind = 'writer'").fetchone()
    print(
        f"\n{WRITERS} processes, {SECONDS:.0f} s: {sum(counts)} changes, {min(counts)} to {max(counts)} each, ", end=""
    )
    print(f"longest wait {max(waits):.2f} s; loads meanwhile: {[json.loads(load)['seconds'] for load in loads]} s")
    assert written == sum(counts) and [json.loads(load)["received"] for load in loads] == [20_000, 20_000]
    assert min(counts) > 0.2 * sum(counts) / WRITERS, f"somebody starved: {sorted(counts)}"
