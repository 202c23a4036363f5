"""Suggestions: of what may be seen and nothing else, soon, and few; they leave no trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.documents.services import NewAlias, add_aliases
from archive.search import typeahead
from archive.search.models import Search
from archive.search.typeahead import suggest
from tests.archive.documents.archives import Archive, letter, set_rules

OTHER = {"business_unit": "commercial"}
SEEN = {"index": {"branch": "012"}}


@pytest.fixture
def agent(archive: Archive, user_of: Any) -> Any:
    """Return an agent, who sees retail but not its branch 099."""
    return user_of("agent")


def party(name: str = "", customer: str = "", role: str = "holder") -> dict[str, str]:
    """Return a party of a letter."""
    return {"role": role, "name": name, "customer_id": customer}


def numbered(prefix: str, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return letters of as many customers and accounts."""
    return [
        letter(f"{prefix}{n}", customer_id=f"{prefix}{n:03}", account_number=f"9{prefix}{n:03}", **changes)
        for n in range(count)
    ]


def test_values_that_begin_as_typed_in_any_case(archive: Archive, agent: Any) -> None:
    archive.load(letter("a", customer_id="C-1009", account_number="de44x", **SEEN))
    assert suggest("customer", "C-1", user=agent) == ["C-1009"]
    assert suggest("customer", " c-1 ", user=agent) == ["C-1009"]
    assert suggest("customer", "\u200eC-10\u202c", user=agent) == ["C-1009"], "marks that come along when people copy"
    assert suggest("account", "DE44", user=agent) == ["de44x"]
    assert suggest("customer", "C-1009", user=agent) == ["C-1009"]
    assert suggest("customer", "C-10099", user=agent) == suggest("account", "C-1", user=agent) == []


def test_at_most_eight_each_once_in_order(archive: Archive, agent: Any) -> None:
    archive.load(*numbered("K", 12, **SEEN), letter("again", customer_id="K003", **SEEN))
    assert suggest("customer", "K0", user=agent) == [f"K{n:03}" for n in range(8)]
    assert suggest("customer", "k00", user=agent) == [f"K{n:03}" for n in range(8)]
    assert suggest("customer", "K01", user=agent) == ["K010", "K011"]


def test_further_parties_are_customers_too(archive: Archive, agent: Any) -> None:
    both = [party("Eva", "C-1"), party("Jan", "C-2", "joint holder")]
    archive.load(letter("a", customer_id="C-1", parties=both, **SEEN))
    archive.load(letter("b", customer_id="C-3", parties=[party("", "C-3"), party("", "C-4", "payer")], **OTHER))
    assert suggest("customer", "C-", user=agent) == ["C-1", "C-2"]


def test_what_stands_in_forbidden_letters_only_is_never_suggested(archive: Archive, agent: Any) -> None:
    hidden = {"customer_id": "C-13", "account_number": "4713", "parties": [party("Hannah Secret", "C-13")]}
    archive.load(
        letter("seen", customer_id="C-12", account_number="4712", parties=[party("Hannah", "C-12")], **SEEN),
        letter("other unit", **hidden, **OTHER),
        letter("denied branch", **hidden, index={"branch": "099"}),
        letter("no branch, so perhaps denied", **hidden),
    )
    assert suggest("customer", "C-1", user=agent) == ["C-12"]
    assert suggest("account", "471", user=agent) == ["4712"]
    assert suggest("name", "hann", user=agent) == ["Hannah"]
    assert suggest("name", "secret", user=agent) == suggest("name", "hannah sec", user=agent) == []


def test_renumbering_tells_nothing_of_what_is_hidden(archive: Archive, agent: Any) -> None:
    archive.load(letter("seen", customer_id="C-2", **SEEN), letter("h", customer_id="X-2", **OTHER))
    aliases = [
        NewAlias("retail", "customer", "OLD-1", "C-2", "tests"),
        NewAlias("commercial", "customer", "OLD-2", "X-2", "tests"),
    ]
    add_aliases(aliases, actor=Actor.system("tests"))
    assert suggest("customer", "C-", user=agent) == ["C-2"]
    assert suggest("customer", "X-", user=agent) == suggest("customer", "OLD-", user=agent) == []


def test_rights_count_at_once(archive: Archive, agent: Any) -> None:
    archive.load(letter("a", customer_id="C-1", parties=[party("Eva", "C-1")], **SEEN))
    group = Group.objects.get(name="agent")
    for rules in ({"allow": ("unit:commercial",)}, {"allow": ("unit:retail",), "deny": ("class:statement",)}, {}):
        set_rules(group, **rules)
        assert suggest("customer", "C-", user=agent) == suggest("name", "eva", user=agent) == []
    set_rules(group, allow=("unit:retail",))
    assert suggest("customer", "C-", user=agent) == ["C-1"]
    agent.is_active = False
    assert suggest("customer", "C-", user=agent) == []


def test_names_only_with_the_right(archive: Archive, user_of: Any) -> None:
    archive.load(letter("a", customer_id="C-1", parties=[party("Eva Müller", "C-1")]))
    assert suggest("name", "eva", user=user_of("auditor")) == ["Eva Müller"]
    operator = user_of("operations")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert suggest("name", "eva", user=operator) == []
    assert not any("person" in query["sql"] for query in asked)
    assert suggest("customer", "C-", user=operator) == ["C-1"]


def test_names_by_any_of_their_words_without_case_and_accents(archive: Archive, agent: Any) -> None:
    names = ("Eva Müller", "Jan Müller-Lüdenscheidt", "Evangelos Papadopoulos", "Zoë Ström")
    archive.load(*[letter(name, parties=[party(name)], **SEEN) for name in names])
    assert set(suggest("name", "MULL", user=agent)) == {"Eva Müller", "Jan Müller-Lüdenscheidt"}
    assert suggest("name", "eva mü", user=agent) == suggest("name", "Müller, Ev", user=agent) == ["Eva Müller"]
    assert set(suggest("name", "ev", user=agent)) == {"Eva Müller", "Evangelos Papadopoulos"}
    assert suggest("name", "zoe", user=agent) == ["Zoë Ström"]
    assert suggest("name", "70173", user=agent) == suggest("name", "jan str", user=agent) == []


def test_it_gives_up_after_two_hundred_values(archive: Archive, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeahead, "LONGEST_SECONDS", 60)
    archive.load(*numbered("K", 230, **OTHER), letter("last", customer_id="K999", **SEEN))
    with CaptureQueriesContext(connection) as asked:
        assert suggest("customer", "K", user=agent) == suggest("customer", "Kx", user=agent) == []
        assert suggest("customer", "k0", user=agent) == []
    assert len(asked) <= 2 * typeahead.MOST_LOOKED_AT + 20, "one number for all spellings together"
    assert suggest("customer", "K9", user=agent) == ["K999"]


def test_it_gives_up_when_the_time_is_over() -> None:
    seconds = iter([10.0, 10.01, 10.02, 10.06])
    assert list(typeahead._soon("abcdef", lambda: next(seconds))) == ["a", "b"]


def test_a_number_that_many_share_is_looked_at_by_its_newest(
    archive: Archive, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeahead, "_NEWEST_OF_A_VALUE", 3)
    old = letter("old", customer_id="BIG", issued_on="2020-01-01", **SEEN)
    archive.load(old, *[letter(f"h{n}", customer_id="BIG", **OTHER) for n in range(3)])
    assert suggest("customer", "BI", user=agent) == []
    archive.add("new", customer_id="BIG", issued_on="2026-12-01", **SEEN)
    assert suggest("customer", "BI", user=agent) == ["BIG"]


def test_the_number_of_queries_does_not_grow_with_the_letters(archive: Archive, agent: Any) -> None:
    def asked(field: str, typed: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert suggest(field, typed, user=agent)
        return len(queries)

    def some(prefix: str) -> list[dict[str, Any]]:
        return [letter(f"{prefix}{n}", customer_id="C-1", parties=[party("Eva", "C-1")], **SEEN) for n in range(30)]

    archive.load(*some("a"))
    asked("name", "eva")  # what the user may do is asked once
    before = [asked("customer", "C-"), asked("name", "eva")]
    archive.load(*some("b"))
    assert [asked("customer", "C-"), asked("name", "eva")] == before and max(before) <= 12, before


HOSTILE = (
    *("", "C", " C ", "%%", "__", "C%", "C_1", "..", '"', "\\\\", "' OR 1=1 --"),
    *("\x00\x00", "C-\x001", "\ud800\ud800", "\U0010ffff\U0010ffff", "\u202e\u202e", "🙂🙂", "İİ", "ﬀ", "x" * 10_000),
)


@pytest.mark.parametrize("typed", HOSTILE)
def test_whatever_is_typed_finds_nothing_that_does_not_begin_so(archive: Archive, agent: Any, typed: str) -> None:
    archive.load(letter("a", customer_id="C-1", account_number="C-1", parties=[party("Eva", "C-1")], **SEEN))
    for field in ("customer", "account", "name", "postcode", "issued", "", "customer_id", "pk"):
        assert suggest(field, typed, user=agent) == []


def test_it_is_a_post_that_leaves_no_trace(archive: Archive, agent: Any, client: Any) -> None:
    archive.load(letter("a", customer_id="C-1", **SEEN))
    client.force_login(agent)
    before = Event.objects.count()
    answer = client.post("/search/suggest", {"field": "customer", "q": "C-"})
    assert answer.json() == {"values": ["C-1"]} and "no-store" in answer["Cache-Control"]
    assert (Event.objects.count(), Search.objects.count()) == (before, 0)
    assert client.get("/search/suggest", {"field": "customer", "q": "C-"}).status_code == 405
    assert client.post("/search/suggest").json() == {"values": []}
    assert client.post("/search/suggest", {"field": "customer", "q": "\x00" * 20_000}).json() == {"values": []}


def test_who_may_not_search_is_refused(archive: Archive, client: Any, user_of: Any) -> None:
    assert client.post("/search/suggest", {"field": "customer", "q": "C-"}).status_code == 302
    client.force_login(user_of("admin"))
    assert client.post("/search/suggest", {"field": "customer", "q": "C-"}).status_code == 403
