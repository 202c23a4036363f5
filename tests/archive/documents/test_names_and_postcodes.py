"""Names and postcodes are found by their words, whatever case and accents, and only by those with the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archive.documents import fields
from archive.documents.models import PersonToken
from archive.documents.selectors import list_parties
from archive.documents.text import name_tokens, postcode_tokens
from archive.query import QueryError
from tests.archive.documents.archives import Archive, letter, matching

Finding = Callable[[str], set[str]]


def _of(external_id: str, *people: tuple[str, str]) -> dict[str, Any]:
    parties = [
        {"role": "holder", "customer_id": f"{external_id}-{number}", "name": name, "postcode": postcode}
        for number, (name, postcode) in enumerate(people)
    ]
    return letter(external_id, parties=parties)


@pytest.fixture
def find(archive: Archive, user_of: Any) -> Finding:
    """Return a function: which letters an agent finds."""
    archive.load(
        _of("mueller", ("Eva Müller", "70173")),
        _of("joint", ("Max Mustermann", "10115"), ("Éva MÜLLER-Lüdenscheidt", "SW1A 1AA")),
        _of("wide", ("Ｅｖａ Ｓｔｒａßｅ", "")),
        _of("decomposed", ("Evá Mu\u0308ller", "")),
        _of("nobody"),
    )
    agent = user_of("agent")
    return lambda text: matching(text, agent)


FOUND: list[tuple[str, set[str]]] = [
    ("name:müller", {"mueller", "joint", "decomposed"}),
    ("name:MULLER", {"mueller", "joint", "decomposed"}),
    ('name:"eva müller"', {"mueller", "joint", "decomposed"}),
    ('name:"müller EVA"', {"mueller", "joint", "decomposed"}),
    ("name:strasse", {"wide"}),
    ("name:lud*", {"joint"}),
    ('name:"max müller"', {"joint"}),
    ("name:mull", set()),
    ("postcode:sw1a1aa", {"joint"}),
    ('postcode:"SW1A 1AA"', {"joint"}),
    ("postcode:701*", {"mueller"}),
    ("postcode:70173,10115", {"mueller", "joint"}),
    ("name:müller postcode:10115", {"joint"}),
    ("NOT name:eva", {"nobody"}),
]


# How many communications a token may have before they are looked up one by one, and how many tokens a beginning.
@pytest.mark.parametrize(("listed", "tokens"), [(5_000, 50), (0, 50), (0, 0)], ids=["few", "many", "many tokens"])
def test_names_and_postcodes_find(find: Finding, monkeypatch: pytest.MonkeyPatch, listed: int, tokens: int) -> None:
    monkeypatch.setattr(fields, "MOST_LISTED", listed)
    monkeypatch.setattr(fields, "MOST_TOKENS", tokens)
    assert [(text, find(text)) for text, _found in FOUND] == FOUND


def test_what_holds_no_letter_is_refused(find: Finding) -> None:
    for text in ("name:---", 'name:"!!"', "name:-*", "postcode:-"):
        with pytest.raises(QueryError, match="needs at least one letter"):
            find(text)


@pytest.mark.parametrize("role", ["operations", "admin"])
def test_without_the_right_neither_can_be_searched(configured: None, user_of: Any, role: str) -> None:
    user = user_of(role)
    for text in ("name:eva", "postcode:70173", "NOT name:eva", "unit:retail OR postcode:70173"):
        with pytest.raises(QueryError, match="There is no field"):
            matching(text, user)


def test_without_the_right_parties_have_roles_and_customers_only(archive: Archive, user_of: Any) -> None:
    archive.load(_of("joint", ("Max Mustermann", "10115"), ("Eva Müller", "70173")))
    row = archive.get("joint")
    shown = list_parties(row, user=user_of("agent"))
    hidden = list_parties(row, user=user_of("operations"))
    assert [(party.name, party.postcode) for party in shown] == [("Max Mustermann", "10115"), ("Eva Müller", "70173")]
    assert [(party.role, party.customer_id, party.name, party.postcode, party.address) for party in hidden] == [
        ("holder", "joint-0", "", "", ""),
        ("holder", "joint-1", "", "", ""),
    ]


def test_a_name_that_comes_twice_has_each_word_once() -> None:
    assert name_tokens("Eva Eva Müller") == ("n:eva", "n:muller")
    assert name_tokens("ﬁne № 5") == ("n:fine", "n:no", "n:5")
    assert name_tokens("İstanbul Ǆ") == ("n:istanbul", "n:dz")
    assert name_tokens(" --- ") == ()


def test_a_long_name_is_found_by_its_first_words_and_long_words_by_their_beginning() -> None:
    assert len(name_tokens(" ".join(f"w{number}" for number in range(50)))) == 20
    assert name_tokens("x" * 500) == ("n:" + "x" * 75,)


def test_blanks_and_marks_in_postcodes_do_not_matter() -> None:
    assert postcode_tokens(" SW1A-1aa ") == ("p:sw1a1aa",) == postcode_tokens("ｓｗ１ａ 1AA")
    assert postcode_tokens(" - ") == ()


def test_names_and_postcodes_do_not_answer_for_each_other(find: Finding) -> None:
    assert set(PersonToken.objects.values_list("token", flat=True)) >= {"n:muller", "p:70173"}
    assert find("name:70173") == set() and find("postcode:eva") == set()
