"""Lists show the current letter; replaced ones are left out and counted, unless they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from archive.search.selectors import count, count_superseded, hit_list, resolve
from tests.archive.documents.archives import Archive, external_ids, letter

REASON = {"reason": "wrong balance"}


@pytest.fixture
def replaced(archive: Archive) -> Archive:
    """Return an archive with a chain of two replaced letters and their successor, and one more."""
    archive.load(letter("first", account_number="A1"), letter("alone", account_number="A1"))
    archive.load(letter("second", account_number="A1", replaces={"external_id": "first", **REASON}))
    archive.load(letter("third", account_number="A1", replaces={"external_id": "second", **REASON}))
    return archive


def test_replaced_letters_are_left_out_and_counted(replaced: Archive, user_of: Any) -> None:
    found = resolve("account:A1", user=user_of("auditor"))
    assert external_ids(found.rows) == {"third", "alone"}
    assert (count(found), count_superseded(found)) == ((2, True), (2, True))


def test_whoever_asks_for_states_gets_what_they_ask_for(replaced: Archive, user_of: Any) -> None:
    agent = user_of("auditor")
    for text, wanted in (
        ("state:superseded", {"first", "second"}),
        ("state:current,superseded", {"first", "second", "third", "alone"}),
        ("NOT state:superseded", {"third", "alone"}),
    ):
        found = resolve(text, user=agent)
        assert external_ids(found.rows) == wanted
        assert count_superseded(found) == (0, True)


def test_a_replaced_letter_is_found_by_its_own_number_however_it_is_written(replaced: Archive, user_of: Any) -> None:
    agent = user_of("auditor")
    number = replaced.get("first").record_number
    for text in (
        f"record:{number}",
        number,
        f'"{number}"',
        number.lower(),
        "external_id:first",
        f"{number} unit:retail",
    ):
        assert external_ids(resolve(text, user=agent).rows) == {"first"}, text


def test_other_words_do_not_bring_replaced_letters_back(replaced: Archive, user_of: Any) -> None:
    assert external_ids(resolve("A1", user=user_of("auditor")).rows) == {"third", "alone"}


def test_the_hit_list_says_how_many_earlier_ones_a_letter_replaces(replaced: Archive, user_of: Any) -> None:
    agent = user_of("auditor")
    hits = hit_list(list(resolve("account:A1", user=agent).rows), user=agent).hits
    assert {hit.communication.external_id: hit.replaces for hit in hits} == {"third": 1, "alone": 0}


def test_a_replaced_letter_that_is_hidden_leaves_no_trace_in_the_list(archive: Archive, user_of: Any) -> None:
    archive.load(letter("hidden", index={"branch": "099"}))
    archive.load(letter("seen", index={"branch": "012"}, replaces={"external_id": "hidden", **REASON}))
    for role, replaces in (("agent", 0), ("auditor", 1)):
        user = user_of(role)
        found = resolve("state:current", user=user)
        assert [hit.replaces for hit in hit_list(list(found.rows), user=user).hits] == [replaces]
    assert count_superseded(resolve("", user=user_of("agent", name="second"))) == (0, True)


def test_a_replacement_that_came_first_counts_once_the_other_is_there(archive: Archive, user_of: Any) -> None:
    agent = user_of("auditor")
    archive.load(letter("new", replaces={"external_id": "old", **REASON}))
    (hit,) = hit_list(list(resolve("", user=agent).rows), user=agent).hits
    assert hit.replaces == 0
    archive.load(letter("old"))
    found = resolve("", user=agent)
    (hit,) = hit_list(list(found.rows), user=agent).hits
    assert (hit.communication.external_id, hit.replaces, count_superseded(found)) == ("new", 1, (1, True))
