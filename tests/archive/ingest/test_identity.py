"""The same again, something else under the same key, a variant that comes later, a replacement (model.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.audit import merkle
from archive.audit.models import LoadPart
from archive.batches.models import Load, LoadLogLine, Reject
from archive.documents.models import Communication, CommunicationLink, Variant
from archive.ingest import pipeline
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar, write_zip

Loading = Callable[..., Load]


def counts(load: Load) -> tuple[int, int, int, int]:
    """Return archived, variants added, duplicates, rejected."""
    return load.archived, load.variants_added, load.duplicates, load.rejected


@pytest.fixture(params=["as_it_comes", "record_by_record"])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test run with everything in one part, and with a part and a chunk for each record."""
    if request.param == "record_by_record":
        monkeypatch.setattr(pipeline, "CHUNK_RECORDS", 1)
        monkeypatch.setattr(pipeline, "PART_RECORDS", 1)
        monkeypatch.setattr(pipeline, "ROWS_IN_MEMORY", 1)


@pytest.mark.usefixtures("configured")
def test_the_same_package_again_renamed_rezipped_or_unpacked_adds_nothing(tmp_path: Path) -> None:
    first = load_package(write_tar(tmp_path / "a.tar", package(5)))
    again = [
        load_package(tmp_path / "a.tar"),
        load_package(write_tar(tmp_path / "renamed.tar", package(5))),
        load_package(write_zip(tmp_path / "a.zip", package(5))),
        load_package(write_folder(tmp_path / "folder", package(5))),
    ]
    assert counts(first) == (5, 0, 0, 0)
    assert [counts(load) for load in again] == [(0, 0, 5, 0)] * 4
    assert [load.state for load in again] == ["complete"] * 4
    assert Communication.objects.count() == 5


def test_a_package_that_overlaps_adds_only_what_is_new(load_members: Loading, _parts: None) -> None:
    load_members(package(3))
    load = load_members(package(5))
    assert counts(load) == (2, 0, 3, 0)
    assert LoadLogLine.objects.filter(load=load, text__contains="duplicate of").count() == 3


def test_other_bytes_under_the_same_key_are_refused_and_change_nothing(load_members: Loading, _parts: None) -> None:
    load_members(package(2))
    before = list(Variant.objects.values_list("order_key", "sha256"))
    load = load_members({**package(2), "print/1.pdf": b"something else"})
    assert counts(load) == (0, 0, 1, 1)
    reject = Reject.objects.get()
    assert (reject.line, reject.field, reject.code) == (1, "variants.print", "other_content")
    assert "replaces" in reject.reason
    assert list(Variant.objects.values_list("order_key", "sha256")) == before


def test_a_variant_that_comes_a_day_later_is_added_by_its_own_load(load_members: Loading, _parts: None) -> None:
    load_members(package(1))
    sms = {"channel": "sms", "text": "It is there."}
    load = load_members({"manifest.jsonl": manifest_of(record(1, variants=[sms]))})
    assert counts(load) == (0, 1, 0, 0)
    row = Communication.objects.get()
    added = Variant.objects.get(channel="sms")
    assert (added.number, added.load_id, added.order_key) == (2, load.pk, row.order_key)
    assert row.channels == 0b010001
    assert len(merkle.split(bytes(LoadPart.objects.get(load_id=load.pk).leaves))) == 1


def test_a_known_variant_with_a_new_one_adds_only_the_new_one(load_members: Loading, _parts: None) -> None:
    load_members(package(1))
    both = [*record(1)["variants"], {"channel": "sms", "text": "It is there."}]
    load = load_members({**package(1), "manifest.jsonl": manifest_of(record(1, variants=both))})
    assert counts(load) == (0, 1, 0, 0)
    assert Variant.objects.count() == 2


def test_what_a_duplicate_tells_otherwise_is_reported_and_not_applied(load_members: Loading) -> None:
    load_members({**package(1), "manifest.jsonl": manifest_of(record(1, subject="First"))})
    load = load_members({**package(1), "manifest.jsonl": manifest_of(record(1, subject="Second"))})
    assert counts(load) == (0, 0, 1, 0)
    assert Communication.objects.get().subject == "First"
    assert "says otherwise in subject" in LoadLogLine.objects.get(load=load, text__contains="duplicate of").text


def test_one_key_three_times_in_a_package_is_decided_in_order(load_members: Loading, _parts: None) -> None:
    sms = {"channel": "sms", "text": "one"}
    other = {"channel": "sms", "text": "two"}
    web = {"channel": "web", "text": "<p>"}
    lines = [
        record(1, variants=[sms]),
        record(1, variants=[sms]),
        record(1, variants=[other]),
        record(1, variants=[web]),
    ]
    load = load_members({"manifest.jsonl": manifest_of(*lines)})
    assert counts(load) == (1, 1, 1, 1)
    assert list(Variant.objects.order_by("number").values_list("number", "channel")) == [(1, "sms"), (2, "web")]


def _replacement(**changes: Any) -> dict[str, Any]:
    variants = [{"channel": "sms", "text": "right"}]
    return record(2, variants=variants, replaces={"external_id": "JOB7-000001", "reason": "wrong balance"}, **changes)


def test_a_replacement_supersedes_what_it_names(load_members: Loading, recorded: Any) -> None:
    load_members(package(1))
    load_members({"manifest.jsonl": manifest_of(_replacement())})
    old, new = (Communication.objects.get(external_id=f"JOB7-{number:06}") for number in (1, 2))
    link = CommunicationLink.objects.get()
    assert (old.state, new.state) == ("superseded", "current")
    assert (link.from_key, link.to_key, link.kind, link.reason) == (
        new.order_key,
        old.order_key,
        "supersedes",
        "wrong balance",
    )
    assert recorded(old) == [("communication.superseded", "tests")]


def test_a_replacement_may_come_before_what_it_replaces(load_members: Loading, _parts: None) -> None:
    load_members({"manifest.jsonl": manifest_of(_replacement())})
    assert CommunicationLink.objects.get().to_key is None
    load_members(package(1))
    old = Communication.objects.get(external_id="JOB7-000001")
    assert (old.state, CommunicationLink.objects.get().to_key) == ("superseded", old.order_key)


def test_a_replacement_in_the_same_package_works_in_both_orders(load_members: Loading, _parts: None) -> None:
    lines = [_replacement(), record(1), record(3), record(4, replaces={"external_id": "JOB7-000003", "reason": "typo"})]
    members = {f"print/{n}.pdf": b"letter %d" % n for n in (1, 3, 4)}
    load = load_members({"manifest.jsonl": manifest_of(*lines), **members})
    assert counts(load) == (4, 0, 0, 0)
    states = dict(Communication.objects.values_list("external_id", "state"))
    assert states == {
        "JOB7-000001": "superseded",
        "JOB7-000002": "current",
        "JOB7-000003": "superseded",
        "JOB7-000004": "current",
    }
