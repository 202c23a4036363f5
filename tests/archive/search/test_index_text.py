"""Text gets into the index: what waits, late variants, what has none, what is broken, and building it again."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.audit.actor import Actor
from archive.documents.models import LateVariant, Variant
from archive.search import index_work, indexing
from archive.search.indexing import index_waiting, rebuild
from archive.search.selectors import count_waiting, resolve
from archive.search.words.database import IndexDownError, index_path, reader
from archive.search.words.writer import IndexBusyError, IndexWriter
from archive.work import services as work_services
from archive.work.models import WorkItem
from tests.archive.documents.archives import Archive, events, letter, sms
from tests.archive.search.words.letters import found


def index_text(*arguments: str) -> dict[str, int]:
    """Run the command in this process and return what it printed."""
    out = StringIO()
    call_command("index_text", "--json", "--workers", "0", *arguments, stdout=out)
    answer: dict[str, int] = json.loads(out.getvalue())
    return answer


def test_what_was_loaded_waits_and_is_found_once_it_is_indexed(archive: Archive, user_of: Any) -> None:
    archive.load(letter("a", variants=[sms("Your late fee")]), letter("b", variants=[sms("Nothing of it")]))
    auditor = user_of("auditor")
    assert found("fee", auditor) == set() and count_waiting(resolve("fee", user=auditor)) == (2, True)
    assert index_text() == {"indexed": 2, "no_text": 0, "failed": 0, "waiting": 0}
    assert found("fee", auditor) == {"a"} and count_waiting(resolve("fee", user=auditor)) == (0, True)
    assert index_text() == {"indexed": 2, "no_text": 0, "failed": 0, "waiting": 0}


def test_only_what_fulfils_the_other_conditions_is_said_to_wait(archive: Archive, user_of: Any) -> None:
    archive.load(letter("a", issued_on="2026-01-05"), letter("b", issued_on="2026-02-05"))
    auditor = user_of("auditor")
    assert count_waiting(resolve("fee issued:2026-01", user=auditor)) == (1, True)
    assert count_waiting(resolve("issued:2026-01", user=auditor)) == (0, True)


def test_a_late_variant_waits_by_its_own_load(archive: Archive, user_of: Any) -> None:
    archive.load(letter("a", variants=[sms("early words")]))
    index_text()
    email = {"channel": "email", "file": "a.html", "content_type": "text/html"}
    load = archive.load(letter("a", variants=[email]), members={"a.html": b"<p>later words</p>"})
    assert list(LateVariant.objects.values_list("load_id", "load_position", "number")) == [(load.pk, 0, 2)]
    auditor = user_of("auditor")
    assert count_waiting(resolve("later", user=auditor)) == (1, True)
    assert index_text()["indexed"] == 2
    assert found("later", auditor) == found("early later", auditor) == {"a"}


def test_a_late_variant_that_is_indexed_first_keeps_its_words(archive: Archive, user_of: Any) -> None:
    archive.load(letter("a", variants=[sms("early words")]))
    late = archive.load(
        letter("a", variants=[{"channel": "email", "file": "a.html"}]), members={"a.html": b"<p>later</p>"}
    )
    with IndexWriter.open() as writer:  # the first load is not done yet, the second is
        from archive.search.extraction.pool import ExtractionPool
        from archive.search.indexing import Progress, _texts

        writer.put(_texts(late.pk, 0, 1, ExtractionPool(0), Progress()), {late.pk: 1})
    index_text()
    assert found("early later", user_of("auditor")) == {"a"}
    assert reader().counts() == {"indexed": 2}


def test_every_state_is_told(archive: Archive) -> None:
    members = {"scan.png": b"\x89PNG\r\n\x1a\n", "broken.pdf": b"%PDF-1.7 nothing", "empty.html": b"<p></p>"}
    archive.load(
        letter("a", variants=[{"channel": "print", "file": "scan.png", "content_type": "image/png"}]),
        letter("b", variants=[{"channel": "print", "file": "broken.pdf", "content_type": "application/pdf"}]),
        letter("c", variants=[{"channel": "web", "file": "empty.html", "content_type": "text/html"}, sms("words")]),
        members=members,
    )
    assert index_text() == {"indexed": 1, "no_text": 2, "failed": 1, "waiting": 0}
    states = reader().states([archive.get(name).order_key for name in "abc"])
    assert states[archive.get("a").order_key] == {1: ("no_text", "kind")}
    assert states[archive.get("b").order_key] == {1: ("failed", "broken")}
    assert states[archive.get("c").order_key] == {1: ("no_text", "no_words"), 2: ("indexed", "")}
    assert reader().failures(10) == [(archive.get("b").order_key, 1, "broken")]


def test_a_subject_is_found_where_the_document_has_no_text(archive: Archive, user_of: Any) -> None:
    archive.add_file("a", "scan.png", b"\x89PNG\r\n\x1a\n", "image/png", subject="Power of attorney")
    index_text()
    assert found("attorney", user_of("auditor")) == {"a"}


def test_damaged_bytes_fail_alone(archive: Archive) -> None:
    archive.load(letter("a"), letter("b"))
    Variant.objects.filter(order_key=archive.get("a").order_key).update(offset=1)
    assert index_text() == {"indexed": 1, "no_text": 0, "failed": 1, "waiting": 0}


def test_a_document_that_is_too_large_is_not_even_read(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.load(letter("a", variants=[sms("short")]), letter("b", variants=[sms("a text of many letters")]))
    monkeypatch.setattr(indexing, "LARGEST_BYTES", 10)
    monkeypatch.setattr(indexing, "read_whole", lambda _locator: b"short")
    assert index_text() == {"indexed": 1, "no_text": 0, "failed": 1, "waiting": 0}
    assert reader().failures(1)[0][2] == "too_large"


def test_a_rebuild_gives_the_same_and_serves_meanwhile(archive: Archive, user_of: Any) -> None:
    archive.load(*(letter(f"l{number}", variants=[sms(f"fee number{number}")]) for number in range(5)))
    before = index_text()
    auditor = user_of("auditor")
    old = index_path().resolve()
    seen: list[int] = []
    assert rebuild(workers=0, heartbeat=lambda _done: seen.append(len(found("fee", auditor))))
    assert set(seen) == {5} and not old.exists() and index_path().resolve() != old
    assert index_text() == before and found("fee", auditor) == {f"l{number}" for number in range(5)}


def test_a_rebuild_that_broke_off_goes_on(archive: Archive, user_of: Any) -> None:
    for number in range(3):
        archive.load(letter(f"l{number}", variants=[sms("fee")]))
    index_text()
    assert not rebuild(workers=0, seconds=0)
    assert found("fee", user_of("auditor")) == {"l0", "l1", "l2"}
    while not rebuild(workers=0, seconds=0):
        pass
    assert reader().counts() == {"indexed": 3}


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_an_index_that_is_lost_or_broken_is_built_again(archive: Archive, user_of: Any, content: bytes | None) -> None:
    archive.load(letter("a", variants=[sms("fee")]), letter("b"))
    before = index_text()
    file = index_path().resolve()
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    if content is None:
        index_path().unlink()
    else:
        file.write_bytes(content)
    auditor = user_of("auditor")
    if content is None:
        assert count_waiting(resolve("fee", user=auditor)) == (2, True)
    else:
        with pytest.raises(IndexDownError):
            found("fee", auditor)
    assert index_text("--rebuild") == before
    assert found("fee", auditor) == {"a"}


def test_two_do_not_write_at_once(archive: Archive) -> None:
    archive.load(letter("a"))
    with IndexWriter.open(), pytest.raises(CommandError, match="Another process writes"):
        index_text()
    with IndexWriter.open(), pytest.raises(IndexBusyError):
        index_waiting(workers=0)


def test_a_load_asks_for_its_words_to_be_indexed(archive: Archive, settings: Any, user_of: Any) -> None:
    settings.EXTRACTION_WORKERS = 0
    archive.load(letter("a", variants=[sms("fee")]))
    item = WorkItem.objects.get(kind=index_work.INDEX)
    lease = work_services.claim(item.pk)
    assert lease is not None
    work_services.run(lease)
    item.refresh_from_db()
    assert item.state == "done" and found("fee", user_of("auditor")) == {"a"}


def test_long_work_goes_on_in_slices(archive: Archive, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EXTRACTION_WORKERS = 0
    monkeypatch.setattr(index_work, "SLICE_SECONDS", 0.0)
    archive.load(letter("a"))
    archive.load(letter("b"))
    slices = work_services.run_due_items()
    assert slices >= 2 and reader().counts() == {"indexed": 2}
    assert WorkItem.objects.get(kind=index_work.INDEX).state == "done"


def test_a_rebuild_is_asked_for_by_right_and_recorded(archive: Archive, settings: Any, user_of: Any) -> None:
    settings.EXTRACTION_WORKERS = 0
    archive.load(letter("a"))
    operator = Actor.of_user(user_of("operations"))
    index_work.request_rebuild(actor=operator)
    work_services.run_due_items()
    asked, rebuilt = events("index.rebuild_requested", "index.rebuilt")
    assert (asked.actor_name, rebuilt.actor_name) == ("operations", "operations")
    assert Path(index_path()).exists() and reader().counts() == {"indexed": 1}
