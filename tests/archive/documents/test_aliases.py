"""Renumberings: a search for one number finds what came under any other (model.md §3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.documents.aliases import DEEPEST, MOST_MEMBERS, expand
from archive.documents.models import PartyAlias
from archive.documents.services import AliasError, NewAlias, add_aliases, undo_alias
from archive.query import Values, parse, registry
from archive.query.to_q import true_q
from tests.archive.documents.archives import Archive, events, letter, matching, private_texts

SYSTEM = Actor.system("tests")


def renumber(*pairs: tuple[str, str], kind: str = "account") -> int:
    """Add renumberings of retail."""
    return add_aliases([NewAlias("retail", kind, old, new, "merger") for old, new in pairs], actor=SYSTEM)


def expanded(value: str) -> set[str]:
    """Return what an account was renumbered from or into, in whatever unit."""
    return {number for numbers in expand("account", [value]).values() for number in numbers}


def test_every_number_of_a_chain_finds_all_of_them(archive: Archive) -> None:
    archive.load(*(letter(f"letter-{number}", account_number=f"A{number}") for number in range(4)))
    renumber(("A0", "A1"), ("A1", "A2"))
    for number in range(3):
        assert matching(f"account:A{number}") == {"letter-0", "letter-1", "letter-2"}
    assert matching("account:A3") == {"letter-3"}


def test_accounts_and_customers_are_renumbered_apart(archive: Archive) -> None:
    archive.load(letter("one", account_number="X1", customer_id="X1"), letter("two", account_number="X2"))
    archive.load(letter("three", customer_id="X2"))
    renumber(("X1", "X2"), kind="customer")
    assert matching("customer:X1") == {"one", "three"}
    assert matching("account:X1") == {"one"}


def test_joint_holders_are_found_under_their_old_number_too(archive: Archive) -> None:
    parties = [{"role": "holder", "customer_id": "C-1"}, {"role": "joint", "customer_id": "C-2"}]
    archive.load(letter("joint", parties=parties))
    renumber(("C-OLD", "C-2"), kind="customer")
    assert matching("customer:C-OLD") == {"joint"} == matching("customer:c-old")


def test_a_circle_ends_by_itself(configured: None) -> None:
    renumber(("A", "B"), ("B", "C"), ("C", "A"))
    assert expanded("B") == {"A", "C"}


def test_depth_is_limited(configured: None) -> None:
    renumber(*((f"N{number}", f"N{number + 1}") for number in range(40)))
    assert expanded("N0") == {f"N{number}" for number in range(1, DEEPEST + 1)}


def test_size_is_limited(configured: None) -> None:
    renumber(*(("HUB", f"N{number}") for number in range(MOST_MEMBERS + 50)), ("N1", "FAR"))
    found = expanded("HUB")
    assert "FAR" not in found and len(found) == MOST_MEMBERS + 50


def test_a_renumbering_of_one_unit_is_none_of_another(archive: Archive) -> None:
    archive.load(letter("ours", account_number="A1"), letter("theirs", account_number="A1", business_unit="commercial"))
    archive.load(letter("new", account_number="A2"), letter("other", account_number="A2", business_unit="commercial"))
    renumber(("A1", "A2"))
    assert matching("account:A1") == {"ours", "theirs", "new"}
    assert matching("account:A2") == {"ours", "new", "other"}


def test_who_sees_nothing_of_a_number_is_not_told_of_its_renumbering(archive: Archive, user_of: Any) -> None:
    archive.load(letter("theirs", account_number="A1", business_unit="commercial"))
    archive.load(letter("hidden", account_number="B1", index={"branch": "099"}))
    add_aliases([NewAlias("commercial", "account", "A1", "A2", "merger")], actor=SYSTEM)
    renumber(("B1", "B2"))
    values = Values(user_of("agent"))
    true_q(parse("account:A2,B2"), registry, values)
    assert values.also == {}


def test_the_list_says_under_what_else_it_searched(archive: Archive, user_of: Any) -> None:
    archive.load(letter("seen", account_number="A3", index={"branch": "012"}))
    renumber(("A1", "A2"), ("A2", "A3"))
    values = Values(user_of("agent"))
    true_q(parse("account:A2"), registry, values)
    assert values.also == {"account": ["A1", "A3"]}


def test_a_search_without_renumberings_says_nothing_of_them(configured: None, user_of: Any) -> None:
    values = Values(user_of("agent"))
    true_q(parse("account:A2 customer:C-1"), registry, values)
    assert values.also == {}


def test_each_renumbering_is_recorded_with_its_numbers_in_the_erasable_row(configured: None) -> None:
    assert renumber(("A1", "A2"), ("B1", "B2")) == 2
    added = events("alias.added")
    assert [private_texts(event) for event in added] == [
        {"old": "A1", "new": "A2", "reason": ""},
        {"old": "B1", "new": "B2", "reason": ""},
    ]
    assert not [event for event in added if b"A1" in bytes(event.leaf) or b"B2" in bytes(event.leaf)]


def test_the_same_renumbering_again_adds_and_records_nothing(configured: None) -> None:
    renumber(("A1", "A2"))
    before = Event.objects.count()
    assert renumber(("A1", "A2")) == 0
    assert (PartyAlias.objects.count(), Event.objects.count()) == (1, before)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (NewAlias("nowhere", "account", "1", "2", ""), 'Row 2: no unit is called "nowhere"'),
        (NewAlias("retail", "person", "1", "2", ""), 'Row 2: kind is "person"'),
        (NewAlias("retail", "account", "1", "1", ""), "Row 2: old and new must be two different numbers"),
        (NewAlias("retail", "account", "", "2", ""), "Row 2: old and new must be two different numbers"),
    ],
)
def test_one_wrong_row_refuses_all(configured: None, wrong: NewAlias, said: str) -> None:
    before = Event.objects.count()
    with pytest.raises(AliasError, match=said):
        add_aliases([NewAlias("retail", "account", "A", "B", ""), wrong], actor=SYSTEM)
    assert (PartyAlias.objects.count(), Event.objects.count()) == (0, before)


def test_without_the_right_nothing_is_renumbered(configured: None, user_of: Any) -> None:
    agent = Actor.of_user(user_of("agent"))
    with pytest.raises(PermissionDenied):
        add_aliases([NewAlias("retail", "account", "A", "B", "")], actor=agent)
    renumber(("A1", "A2"))
    with pytest.raises(PermissionDenied):
        undo_alias(PartyAlias.objects.get(), actor=agent)
    assert expanded("A1") == {"A2"} and not events("alias.undone")


def test_an_undone_renumbering_no_longer_counts_and_both_rows_stay(configured: None) -> None:
    renumber(("A1", "A2"))
    first = PartyAlias.objects.get()
    row = undo_alias(first, actor=SYSTEM)
    assert expanded("A1") == set()
    assert list(PartyAlias.objects.order_by("pk")) == [first, row]
    assert [event.subject_id for event in events("alias.undone")] == [str(first.pk)]
    for undone in (first, row):
        with pytest.raises(AliasError, match="undone already"):
            undo_alias(undone, actor=SYSTEM)
    assert len(events("alias.undone")) == 1


def test_what_was_undone_can_be_added_again(configured: None) -> None:
    renumber(("A1", "A2"))
    undo_alias(PartyAlias.objects.get(), actor=SYSTEM)
    assert renumber(("A1", "A2")) == 1
    assert expanded("A2") == {"A1"}


HEADER = "unit,kind,old,new,from,source,reason\n"


def _load(tmp_path: Path, text: str) -> str:
    path = tmp_path / "aliases.csv"
    path.write_text(text, encoding="utf-8")
    said: list[str] = []
    call_command("load_aliases", str(path), stdout=type("Said", (), {"write": lambda self, line: said.append(line)})())
    return "".join(said)


def test_a_csv_is_loaded_and_the_second_time_nothing_is_new(configured: None, tmp_path: Path) -> None:
    text = HEADER + "retail,customer,C-1,C-2,2026-01-31,merger,ümlaut\nretail,account,1,2,,,\n"
    assert "2 renumberings added, 0 were there already." in _load(tmp_path, text)
    assert "0 renumberings added, 2 were there already." in _load(tmp_path, text)
    row = PartyAlias.objects.get(kind="customer")
    assert (row.old, row.new, str(row.valid_from), row.source, row.reason) == (
        "C-1",
        "C-2",
        "2026-01-31",
        "merger",
        "ümlaut",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit,old,new\nretail,1,2\n", "The columns kind are missing"),
        (HEADER + "retail,account,1,2,31.01.2026,,\n", "Row 1: from is no date"),
        (HEADER + "retail,account,1,2,,,\nretail,account,3,,,,\n", "Row 2: old and new must be"),
        (HEADER + "retail,account,1,2,2026-02-31,,\n", "Row 1: from is no date"),
        (HEADER + "retail,account,1\n", "Row 1"),
        ("", "are missing"),
    ],
)
def test_a_csv_with_one_wrong_row_changes_nothing_and_says_which(
    configured: None, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        _load(tmp_path, text)
    assert "Nothing was changed." in str(caught.value)
    assert not PartyAlias.objects.exists()
