"""What stands only where a user may not look leaves no trace: he is answered as for what stands nowhere (S-02, S-03).

Each thing is asked for twice, once as it stands in letters that an agent may not see and once as it stands nowhere;
every answer of every page must be the same, byte for byte, and cost as many queries.

Time was measured, as an assertion on it would fail on a busy machine: of 2,000 demo letters, 1,133 of them seen, a page
with its count, facets and snippets took for a word that stands nowhere 9.7 ms (median of 480), for one that stands in 2
to 119 hidden letters 9.9 ms, for one in 120 or more 10.6 ms: those are read in several batches, and more queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from archive.audit.actor import Actor
from archive.audit.ids import uuid7
from archive.desk.exporting.services import link_token
from archive.desk.models import Export
from archive.documents.services import NewAlias, add_aliases, add_note
from archive.search.models import Search
from tests.archive.documents.archives import Archive, body_of, letter, sms
from tests.archive.search.test_index_text import index_text

SEEN, HIDDEN = {"branch": "012"}, {"branch": "099"}
# As it stands in the hidden letters, and as it stands nowhere: alike in length, so that places in messages agree.
PAIRS = {
    "a word of the text": ("zanzibar", "zanzibat"),
    "a phrase": ('"island of zanzibar"', '"island of zanzibat"'),
    "a beginning": ("zanzi*", "zanzy*"),
    "the text alone": ("text:zanzibar", "text:zanzibat"),
    "a word of the subject": ("subject:clove", "subject:clovy"),
    "the subject's beginning": ("subject:clov*", "subject:clyv*"),
    "one of two": ("due OR zanzibar", "due OR zanzibat"),
    "both of two": ("fee zanzibar", "fee zanzibat"),
    "all but": ("NOT zanzibar", "NOT zanzibat"),
    "one but": ("fee NOT zanzibar", "fee NOT zanzibat"),
    "a word and a condition": ("zanzibar class:statement issued:2026", "zanzibat class:statement issued:2026"),
    "an account": ("account:778899", "account:778898"),
    "an account, bare": ("778899", "778898"),
    "an account and a word": ("778899 fee", "778898 fee"),
    "a customer": ("customer:K-5501", "customer:K-5502"),
    "a customer, bare": ("K-5501", "K-5502"),
    "the beginning of accounts": ("account:7788*", "account:7789*"),
    "a renumbered customer": ("customer:K-4401", "customer:K-4402"),
    "a renumbered customer, bare": ("K-4401", "K-4402"),
    "a name": ("name:zenobia", "name:zenobie"),
    "a postcode": ("postcode:99999", "postcode:99998"),
    "a value": ("tags:secretive", "tags:secretivo"),
    "a number": ("balance:4711.42", "balance:4711.43"),
    "a reference": ("external_id:HID-3", "external_id:HID-9"),
    "a reference, bare": ("HID-3", "HID-9"),
    "a batch": ("batch:night-run-7", "batch:night-run-8"),
    "a replaced one": ("zanzibar state:superseded", "zanzibat state:superseded"),
}
WHOLE = ("a word of the text", "a beginning", "one of two", "an account, bare", "a name")
"""Those for which every page is asked; of the others the list, the count and a record are."""
_WORDS = [[re.split(r'[\s:"*]+', query) for query in pair] for pair in PAIRS.values()]
_ONE_OF_A_PAIR = {word for pair in _WORDS for words in zip(*pair, strict=True) if len(set(words)) > 1 for word in words}
# What is another in every answer: tokens, cursors, ids, and when the page was made.
_NEW = re.compile(
    rb'name="csrfmiddlewaretoken" value="[^"]+"|(?:after|before|t)=[\w%:.-]+|name="(?:after|before)" value="[^"]*"'
    rb'|<time datetime="[^"]+">[^<]+</time>|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
)
Answer = tuple[int, bytes, dict[str, str]]


@pytest.fixture
def secrets(archive: Archive) -> Archive:
    """Return an archive where 60 letters are seen, and five say things that stand nowhere else."""
    people = [{"role": "holder", "customer_id": "C-1", "name": "Eva Müller", "postcode": "70173"}]
    archive.load(
        *(
            letter(
                f"S-{number}",
                subject="Late fee",
                customer_id="C-1",
                account_number=f"1000{number:02}",
                issued_on=f"2026-10-{number % 28 + 1:02}",
                parties=people,
                index=SEEN,
                variants=[sms(f"Your late fee is due, number {number}")],
            )
            for number in range(55)
        )
    )
    person = {"role": "holder", "customer_id": "K-5501", "name": "Zenobia Quux", "postcode": "99999"}
    hidden = {
        "subject": "Clove harvest",
        "customer_id": "K-5501",
        "account_number": "778899",
        "batch": "night-run-7",
        "parties": [person],
        "index": {**HIDDEN, "tags": ["secretive"], "balance": "4711.42"},
        "variants": [sms("A late fee on the island of Zanzibar")],
    }
    replaced = [
        letter("HID-0", **hidden),
        *(letter(f"HID-{n}", **hidden, replaces={"external_id": f"HID-{n - 1}", "reason": "typo"}) for n in (1, 2, 3)),
    ]
    archive.load(*replaced, letter("HID-4", **hidden, issued_on="2026-01-02"))
    add_aliases([NewAlias("retail", "customer", "K-4401", "K-5501", "merger")], actor=Actor.system("tests"))
    add_note(communication=archive.get("HID-1"), text="zanzibar was called", actor=Actor.system("tests"))
    index_text()
    return archive


@pytest.fixture
def agent(client: Any, user_of: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def ask(client: Any, method: str, url: str, values: dict[str, str] | None = None) -> tuple[Answer, int]:
    """Return all that an answer tells, without what is another in every answer, and its number of queries."""
    queries = 0

    def counted(execute: Any, *statement: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*statement)

    with connection.execute_wrapper(counted):
        answer = getattr(client, method)(url, values or {})
        body = body_of(answer)
    headers = {
        name: _NEW.sub(b"", value.encode()).decode() for name, value in answer.headers.items() if name != "X-Request-ID"
    }
    headers.pop("Content-Length", None)  # of what was taken out
    return (answer.status_code, _NEW.sub(b"", body), headers), queries


def answers_to(client: Any, query: str, letter_id: str, *, few: bool = False) -> Iterator[tuple[str, Answer, int]]:
    """Yield the answer of every page that knows of a search, for one query; or of a few that say the most."""
    typed = [part for part in re.split(r'[\s:"*]+', query) if part and part in _ONE_OF_A_PAIR]

    def step(what: str, method: str, url: str, **values: str) -> tuple[str, Answer, int]:
        answer, queries = ask(client, method, url, values)
        status, body, headers = answer
        # What was typed comes back in fields and chips, as it was typed.
        for said in typed:
            body = body.replace(said.encode(), b"ASKED")
        return what, (status, body, headers), queries

    yield step("started", "post", "/search/", q=query)
    place = f"/search/{Search.objects.latest('pk').public_id}/"
    search = place.split("/")[2]
    yield step("hits", "get", place)
    yield step("count", "get", f"{place}count")
    yield step("a letter", "get", f"/communications/{letter_id}/?s={search}")
    if few:
        return
    yield step("exact count", "get", f"{place}count?exactly")
    yield step("all selected", "post", f"{place}selection", all="1")
    yield step("export", "get", f"{place}export/")
    yield step("asked for a list", "post", f"{place}export/", kind="csv")
    for export in Export.objects.filter(state="ready").order_by("-pk")[:1]:
        yield step("the list", "get", f"/exports/{export.public_id}/file?t={link_token(export)}")
        export.delete()
    yield step("selection cleared", "post", f"{place}selection", none="1")
    yield step("saved", "post", f"{place}save", name="mine")
    yield step("its form", "get", f"/communications/{letter_id}-1/content?s={search}")
    yield step("started by account", "post", "/search/", q=query, sort="account")
    yield step("by account", "get", f"/search/{Search.objects.latest('pk').public_id}/")


def test_what_is_hidden_answers_as_what_is_nowhere(secrets: Archive, client: Any, agent: Any) -> None:
    seen = str(secrets.get("S-7").public_id)
    list(answers_to(client, "warm up", seen))  # views are recorded once a quarter of an hour, tables become known
    differing = []
    for name, pair in PAIRS.items():
        there, never = (list(answers_to(client, query, seen, few=name not in WHOLE)) for query in pair)
        assert [step for step, _told, _queries in there] == [step for step, _told, _queries in never]
        for one, other in zip(there, never, strict=True):
            # A renumbering is followed step by step; whoever finds that out knows no more than that there is one.
            queries = other[2] if "customer" in name else one[2]
            if (one[1], queries) != other[1:]:
                differing.append((name, one[0], one[2], other[2], *_apart(one[1], other[1])))
    assert differing == []


def _apart(there: Answer, never: Answer) -> tuple[bytes, bytes]:
    """Return where two answers begin to differ."""
    at = next((at for at, (a, b) in enumerate(zip(there[1], never[1], strict=False)) if a != b), 0)
    return there[1][max(0, at - 60) : at + 60], never[1][max(0, at - 60) : at + 60]


def test_the_same_is_found_by_who_may_see_it(secrets: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("auditor"))
    for name, pair in PAIRS.items():
        there, never = (hits(client, query) for query in pair)
        assert there != never, name


def hits(client: Any, query: str) -> set[str]:
    """Return the subjects of the first page of a search."""
    answer = client.post("/search/", {"q": query}, follow=True)
    return {hit.communication.external_id for hit in answer.context["hits"].hits}


def test_nothing_hidden_is_suggested(secrets: Archive, client: Any, agent: Any) -> None:
    for field, hidden, nowhere in (
        ("account", "7788", "7789"),
        ("account", "778899", "778898"),
        ("customer", "K-55", "K-56"),
        ("customer", "k-5501", "k-5502"),
        ("customer", "K-44", "K-45"),
        ("name", "Zenob", "Zenoc"),
        ("name", "eva zenob", "eva zenoc"),
        ("name", "Quux", "Quuy"),
        ("text", "zanzi", "zanzj"),
        ("tags", "secr", "secs"),
    ):
        there, _queries = ask(client, "post", "/search/suggest", {"field": field, "q": hidden})
        never, _queries = ask(client, "post", "/search/suggest", {"field": field, "q": nowhere})
        assert there == never and there[1] == b'{"values": []}', (field, hidden)


def test_a_hidden_letter_between_two_hits_is_passed_over(archive: Archive, client: Any, agent: Any) -> None:
    days = {"a": ("2026-10-01", SEEN), "b": ("2026-10-02", HIDDEN), "c": ("2026-10-03", SEEN)}
    archive.load(*(letter(name, issued_on=day, index=index) for name, (day, index) in days.items()))
    index_text()
    for query in ("statement", "issued:2026-10", "statement class:statement", "statement OR issued:2026"):
        client.post("/search/", {"q": query})
        page = client.get(f"/communications/{archive.get('c').public_id}/?s={Search.objects.latest('pk').public_id}")
        text = page.content.decode()
        assert str(archive.get("a").public_id) in text and str(archive.get("b").public_id) not in text
        assert archive.get("b").record_number not in text


def test_the_hits_of_a_page_do_not_change_with_hidden_letters_among_them(
    archive: Archive, client: Any, agent: Any
) -> None:
    archive.load(*(letter(f"S-{n}", issued_on=f"2026-0{n % 9 + 1}-03", index=SEEN) for n in range(60)))
    index_text()
    before = list(told_by_pages(client, "statement"))
    archive.load(
        *(letter(f"H-{n}", issued_on=f"2026-0{n % 9 + 1}-03", index=HIDDEN, account_number="9") for n in range(80))
    )
    index_text()
    assert list(told_by_pages(client, "statement")) == before and len(before) == 3


def told_by_pages(client: Any, query: str) -> Iterator[Answer]:
    """Yield what the count and all pages of a search say."""
    client.post("/search/", {"q": query})
    url = f"/search/{Search.objects.latest('pk').public_id}/"
    yield ask(client, "get", f"{url}count")[0]
    after = "first"
    while after:
        answer = client.get(url if after == "first" else f"{url}?after={after}")
        yield ask(client, "get", answer.wsgi_request.get_full_path())[0]
        after = answer.context["page"].after


def test_a_page_of_what_waits_says_nothing_of_what_is_hidden(archive: Archive, client: Any, agent: Any) -> None:
    archive.load(letter("a", index=SEEN))
    archive.load(letter("b", index=HIDDEN), letter("c", index=HIDDEN))
    client.post("/search/", {"q": "statement"})
    url = f"/search/{Search.objects.latest('pk').public_id}/count"
    assert "The text of 1 of these is not indexed yet." in client.get(url).content.decode()
    assert "not indexed" not in _count(client, "statement unit:commercial")


def _count(client: Any, query: str) -> str:
    client.post("/search/", {"q": query})
    answer: str = client.get(f"/search/{Search.objects.latest('pk').public_id}/count").content.decode()
    return answer


def test_made_up_cursors_and_ids_say_nothing_of_hidden_letters(secrets: Archive, client: Any, agent: Any) -> None:
    client.post("/search/", {"q": "fee"})
    url = f"/search/{Search.objects.latest('pk').public_id}/"
    for public_id in (secrets.get("HID-4").public_id, secrets.get("S-1").public_id, uuid7()):
        assert ask(client, "get", f"{url}?after={public_id}")[0][0] == 302
    there, never = (
        ask(client, "post", f"{url}selection", {"shown": str(public_id), "id": str(public_id)})
        for public_id in (secrets.get("HID-1").public_id, uuid7())
    )
    assert there == never
