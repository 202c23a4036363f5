"""The pool of workers: what a hostile document does ends its own job, and nothing else."""

from __future__ import annotations

import csv
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archive.formats.extracted import DIED, TOO_LARGE, TOO_SLOW
from archive.search.extraction import pool as pools
from archive.search.extraction.pool import ExtractionPool, Job

FOLDERS = ("pdf", "pdf-hostile", "pdf-a", "html", "html-hostile", "email", "bounce", "text", "invoice", "template")
KNOWN = {"scan", "no_words", "kind", "encrypted", "broken", "too_large", "too_slow", "died", ""}


def test_texts_come_back_with_their_references() -> None:
    jobs = [Job(number, "text/plain", f"letter {number}".encode()) for number in range(50)]
    with ExtractionPool(2) as pool:
        assert {reference: found.text for reference, found in pool.extract(jobs)} == {
            number: f"letter {number}" for number in range(50)
        }


def test_half_a_character_does_not_break_the_answer() -> None:
    with ExtractionPool(1) as pool:
        ((_reference, found),) = pool.extract([Job(1, "text/html", b"<p>a&#xD800;b</p>")])
    assert found.outcome == "text" and "a" in found.text


def workers_of(pool: Any) -> list[int]:
    """Return the process ids of the workers that are children of this process."""
    children = Path(f"/proc/{os.getpid()}/task")
    found = {pid for task in children.iterdir() for pid in (task / "children").read_text().split()}
    return [int(pid) for pid in found if b"extraction.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_worker_that_is_killed_fails_its_document_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExtractionPool(1) as pool:
        assert [found.text for _r, found in pool.extract([Job(0, "text/plain", b"first")])] == ["first"]
        (pid,) = workers_of(pool)
        os.kill(pid, signal.SIGSTOP)  # it will not answer, and is killed in the middle of its job
        threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
        found = dict(pool.extract([Job(1, "text/plain", b"second"), Job(2, "text/plain", b"third")]))
    assert found[1].reason == DIED and found[2].text == "third"


def test_a_worker_that_hangs_is_replaced() -> None:
    with ExtractionPool(1, timeout_seconds=0.5) as pool:
        time.sleep(0)
        assert len(list(pool.extract([Job(0, "text/plain", b"first")]))) == 1
        (pid,) = workers_of(pool)
        os.kill(pid, signal.SIGSTOP)
        first = dict(pool.extract([Job(1, "text/plain", b"second")]))
    assert first[1].reason == TOO_SLOW
    with ExtractionPool(1) as pool:
        assert dict(pool.extract([Job(2, "text/plain", b"third")]))[2].text == "third"


def test_a_document_that_needs_too_much_memory_fails_alone() -> None:
    markup = b"<p>" + b"x " * 30_000_000
    with ExtractionPool(1, memory_bytes=180 * 1024 * 1024) as pool:
        found = dict(pool.extract([Job(1, "text/html", markup), Job(2, "text/plain", b"fine")]))
    assert found[1].reason in (TOO_LARGE, DIED) and found[2].text == "fine"


def test_a_document_beyond_the_limit_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "LARGEST_BYTES", 10)
    with ExtractionPool(1) as pool:
        assert dict(pool.extract([Job(1, "text/plain", b"x" * 11)]))[1].reason == TOO_LARGE


def test_large_documents_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "LARGE_BYTES", 10)
    jobs = [Job(number, "text/plain", b"letter " * (10 if number % 2 else 1)) for number in range(20)]
    with ExtractionPool(2) as pool:
        assert sorted(reference for reference, _found in pool.extract(jobs)) == list(range(20))


def test_a_consumer_that_stops_leaves_no_process() -> None:
    with pytest.raises(RuntimeError, match="enough"), ExtractionPool(2) as pool:
        for _done in pool.extract(Job(number, "text/plain", b"a") for number in range(100)):
            raise RuntimeError("enough")
    assert workers_of(None) == []


def test_who_ends_does_not_wait_for_what_is_in_hand() -> None:
    with pytest.raises(RuntimeError, match="enough"), ExtractionPool(1) as pool:
        next(iter(pool.extract([Job(0, "text/plain", b"first")])))
        (pid,) = workers_of(pool)
        os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        pool._jobs.put(Job(1, "text/plain", b"never answered"))
        time.sleep(0.1)
        raise RuntimeError("enough")
    assert time.monotonic() - begun < 10 and workers_of(pool) == []


def test_every_real_and_hostile_file_has_an_outcome(real_files: Path) -> None:
    with (real_files / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].split("/")[0] in FOLDERS]
    assert len(rows) > 500
    jobs = (
        Job(row["path"], _content_type(row), (real_files / row["path"]).read_bytes(), Path(row["path"]).name)
        for row in rows
    )
    with ExtractionPool(2) as pool:
        found = dict(pool.extract(jobs))
    outcomes = Counter(text.outcome for text in found.values())
    assert len(found) == len(rows) and {text.reason for text in found.values()} <= KNOWN
    assert not {text.reason for text in found.values()} & {TOO_SLOW, DIED, TOO_LARGE}
    assert outcomes["text"] > 500 and outcomes["failed"] < 80


def _content_type(row: dict[str, str]) -> str:
    return "message/rfc822" if row["path"].split("/")[0] in ("email", "bounce") else row["mime_by_content"]
