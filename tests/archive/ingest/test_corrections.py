"""A batch of corrections: each old record is replaced with an event of its own, in few queries for a whole part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.audit.models import Event, EventPrivate
from archive.audit.services import read_leaf
from archive.batches.models import Load
from archive.documents.models import Communication, CommunicationLink
from tests.archive.ingest.packages import manifest_of, record

Loading = Callable[..., Load]


def letter(name: str, **changes: Any) -> dict[str, Any]:
    """Return a record of a text message under this name."""
    return record(1, **{"external_id": name, "variants": [{"channel": "sms", "text": name}], **changes})


def letters(count: int) -> dict[str, bytes]:
    """Return a package of old letters."""
    return {"manifest.jsonl": manifest_of(*(letter(f"old-{number}") for number in range(count)))}


def corrections(count: int) -> dict[str, bytes]:
    """Return a package that replaces each of them."""
    return {
        "manifest.jsonl": manifest_of(
            *(
                letter(f"new-{number}", replaces={"external_id": f"old-{number}", "reason": f"reason {number}"})
                for number in range(count)
            )
        )
    }


def superseded() -> dict[str, tuple[str, int, str]]:
    """Return by old name what the events of replacements say: successor, load, private reason."""
    names = {str(row.public_id): row.external_id for row in Communication.objects.all()}
    reasons = {row.event_id: row.texts["reason"] for row in EventPrivate.objects.all() if "reason" in row.texts}
    found = {}
    for event in Event.objects.filter(verb="communication.superseded"):
        details = read_leaf(event)["details"]
        found[names[event.subject_id]] = (names[details["by"]], details["load"], reasons[event.event_id])
    return found


@pytest.mark.parametrize("order", ["old_first", "new_first"])
def test_each_replaced_record_has_its_state_its_link_and_exactly_one_event(load_members: Loading, order: str) -> None:
    first, second = letters(12), corrections(12)
    loads = [load_members(members) for members in ((first, second) if order == "old_first" else (second, first))]
    assert [(load.state, load.archived) for load in loads] == [("complete", 12)] * 2
    assert superseded() == {f"old-{number}": (f"new-{number}", loads[1].pk, f"reason {number}") for number in range(12)}
    keys = dict(Communication.objects.values_list("external_id", "order_key"))
    links = CommunicationLink.objects.values_list("from_key", "to_key")
    assert sorted(links) == sorted((keys[f"new-{number}"], keys[f"old-{number}"]) for number in range(12))
    replaced = Communication.objects.filter(state="superseded").values_list("external_id", flat=True)
    assert set(replaced) == {f"old-{number}" for number in range(12)}


@pytest.mark.parametrize("order", ["old_first", "new_first"])
def test_more_corrections_in_a_part_take_no_more_queries(load_members: Loading, order: str) -> None:
    def queries(count: int, prefix: str) -> int:
        old, new = (
            {
                "manifest.jsonl": members["manifest.jsonl"]
                .replace(b'"old-', prefix.encode() + b"old-")
                .replace(b'"new-', prefix.encode() + b"new-")
            }
            for members in (letters(count), corrections(count))
        )
        first, second = (old, new) if order == "old_first" else (new, old)
        load_members(first)
        with CaptureQueriesContext(connection) as captured:
            load_members(second)
        return len(captured)

    assert queries(30, '"a') == queries(3, '"b')


def test_the_same_name_in_another_unit_or_of_another_producer_is_not_replaced(load_members: Loading) -> None:
    load_members({"manifest.jsonl": manifest_of(letter("old-0", business_unit="commercial"))})
    load_members(corrections(1))
    assert CommunicationLink.objects.get().to_key is None and superseded() == {}
    load_members({"manifest.jsonl": manifest_of(letter("old-1", business_unit="commercial"))})
    assert CommunicationLink.objects.get().to_key is None


def test_two_that_replace_one_are_both_told(load_members: Loading) -> None:
    again = {"external_id": "old-0", "reason": "once more"}
    load_members({"manifest.jsonl": corrections(1)["manifest.jsonl"] + manifest_of(letter("new-x", replaces=again))})
    load_members(letters(1))
    events = Event.objects.filter(verb="communication.superseded")
    assert events.count() == 2
    keys = dict(Communication.objects.values_list("external_id", "order_key"))
    assert set(CommunicationLink.objects.values_list("to_key", flat=True)) == {keys["old-0"]}
    assert {read_leaf(event)["details"]["by"] for event in events} == {
        str(row.public_id) for row in Communication.objects.filter(external_id__startswith="new")
    }
