"""What replaced what, over all steps and in both directions, as far as a reader sees it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.documents.chain import Chain, replacement_chain
from archive.documents.models import Communication, CommunicationLink
from tests.archive.documents.archives import Archive, letter


def names(chain: Chain) -> tuple[list[str], list[str], str]:
    """Return the producer's ids of a chain: earlier, later, current."""
    current = chain.current.external_id if chain.current else ""
    return (
        [step.communication.external_id for step in chain.earlier],
        [step.communication.external_id for step in chain.later],
        current,
    )


def plain(external_id: str, **changes: Any) -> dict[str, Any]:
    """Return a letter that agents see."""
    return letter(external_id, **{"index": {"branch": "012"}, **changes})


def replacing(external_id: str, old: str, **changes: Any) -> dict[str, Any]:
    """Return a letter that replaces another."""
    return plain(external_id, replaces={"external_id": old, "reason": f"error in {old}"}, **changes)


def _link(start: Communication, end: Communication, *, kind: str) -> None:
    CommunicationLink.objects.create(
        from_key=start.order_key,
        kind=kind,
        to_unit_id=end.unit_id,
        to_producer_id=end.producer_id,
        to_external_id=end.external_id,
        to_key=end.order_key,
        created_at=timezone.now(),
    )


@pytest.fixture
def five(archive: Archive) -> Archive:
    """Return an archive with five letters, each of which replaces the one before."""
    archive.load(plain("a"))
    for old, new in ("ab", "bc", "cd", "de"):
        archive.load(replacing(new, old))
    return archive


def test_from_anywhere_the_whole_way_is_told_the_nearest_first(five: Archive, user_of: Any) -> None:
    user = user_of("agent")
    chains = {name: names(replacement_chain(five.get(name), user=user)) for name in "abcde"}
    assert chains == {
        "a": ([], ["b", "c", "d", "e"], "e"),
        "b": (["a"], ["c", "d", "e"], "e"),
        "c": (["b", "a"], ["d", "e"], "e"),
        "d": (["c", "b", "a"], ["e"], "e"),
        "e": (["d", "c", "b", "a"], [], ""),
    }


def test_each_step_has_its_reason_and_when_it_came(five: Archive, user_of: Any) -> None:
    chain = replacement_chain(five.get("c"), user=user_of("agent"))
    assert [step.reason for step in (*chain.earlier, *chain.later)] == [f"error in {name}" for name in "bacd"]
    assert [step.linked_at for step in chain.later] == sorted(step.linked_at for step in chain.later)


def test_what_is_hidden_leaves_no_trace_nor_what_lies_behind_it(archive: Archive, user_of: Any) -> None:
    archive.load(plain("a"))
    archive.load(replacing("b", "a", index={"branch": "099"}))
    archive.load(replacing("c", "b"))
    agent, auditor = user_of("agent"), user_of("auditor")
    assert names(replacement_chain(archive.get("a"), user=agent)) == ([], [], "")
    assert names(replacement_chain(archive.get("c"), user=agent)) == ([], [], "")
    assert names(replacement_chain(archive.get("a"), user=auditor)) == ([], ["b", "c"], "c")


def test_of_several_that_replace_the_same_the_newest_is_current(archive: Archive, user_of: Any) -> None:
    archive.load(plain("a"))
    archive.load(replacing("old", "a", issued_on="2026-11-01"), replacing("new", "a", issued_on="2026-11-02"))
    earlier, later, current = names(replacement_chain(archive.get("a"), user=user_of("agent")))
    assert (earlier, sorted(later), current) == ([], ["new", "old"], "new")


def test_a_circle_ends(archive: Archive, user_of: Any) -> None:
    archive.load(plain("a"))
    archive.load(replacing("b", "a"))
    _link(archive.get("a"), archive.get("b"), kind="supersedes")
    assert names(replacement_chain(archive.get("a"), user=user_of("agent")))[:2] == (["b"], ["b"])


def test_other_links_are_no_replacements(archive: Archive, user_of: Any) -> None:
    archive.load(plain("a"), plain("b"))
    a, b = archive.get("a"), archive.get("b")
    _link(b, a, kind="reply_to")
    assert replacement_chain(a, user=user_of("auditor")) == Chain()


def test_the_number_of_queries_does_not_grow_with_the_steps(five: Archive, user_of: Any) -> None:
    five.load(plain("alone"), plain("old"))
    five.load(replacing("new", "old"))
    user = user_of("agent")
    user.has_perm("archive.search_communications")

    def queries(name: str) -> int:
        row = five.get(name)
        with CaptureQueriesContext(connection) as captured:
            replacement_chain(row, user=user)
        return len(captured)

    assert queries("alone") == 1
    assert queries("c") == queries("new") == queries("old")
