"""Where a reader came from: which hit of how many, the hits beside it, the way back to his place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from archive.desk import trail
from tests.archive.documents.archives import Archive, letter

SEEN = {"index": {"branch": "012"}}


@pytest.fixture
def open_hit(archive: Archive, client: Any, user_of: Any) -> Any:
    """Return a function: the crumbs of a letter that was opened from the hits of a search."""
    archive.load(*(letter(f"l{n}", issued_on=f"2026-10-0{n}", customer_id="C-1", **SEEN) for n in range(1, 6)))
    archive.load(letter("hidden", issued_on="2026-10-02", customer_id="C-1", index={"branch": "099"}))
    archive.load(letter("other", issued_on="2026-10-03", customer_id="C-2", **SEEN))
    client.force_login(user_of("agent"))

    def crumbs(name: str, query: str, sort: str = "-issued", place: str = "") -> str:
        search = client.post("/search/", {"q": query, "sort": sort})["Location"].split("/")[2]
        text = client.get(f"/communications/{archive.get(name).public_id}/?s={search}{place}").content.decode()
        return text[text.index("v-crumbs") : text.index("<h1>")]

    return crumbs


def words(crumbs: str) -> str:
    """Return what crumbs say."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", crumbs.partition(">")[2])).strip()


@pytest.mark.parametrize(
    ("name", "sort", "said"),
    [
        ("l5", "-issued", "Results 1 of 5 Previous Next"),
        ("l4", "-issued", "Results 2 of 5 Previous Next"),
        ("l1", "-issued", "Results 5 of 5 Previous Next"),
        ("l1", "issued", "Results 1 of 5 Previous Next"),
        ("l2", "issued", "Results 2 of 5 Previous Next"),
    ],
)
def test_it_says_which_hit_of_how_many_that_the_reader_sees(open_hit: Any, name: str, sort: str, said: str) -> None:
    assert words(open_hit(name, "customer:C-1", sort)) == said


@pytest.mark.parametrize("query", ["", "unit:retail", "issued:2026-10", "customer:C-1 OR unit:retail"])
def test_where_counting_may_cost_much_no_number_is_said(open_hit: Any, query: str) -> None:
    assert words(open_hit("l3", query)) == "Results Previous Next"


def test_a_record_that_is_no_hit_any_more_has_no_number(open_hit: Any) -> None:
    assert words(open_hit("other", "customer:C-1")) == "Results Previous Next"


def test_many_hits_are_not_counted(open_hit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "COUNTED_TO", 4)
    assert words(open_hit("l3", "customer:C-1")) == "Results Previous Next"


def test_the_way_back_leads_to_the_place_in_the_list(open_hit: Any, archive: Archive) -> None:
    crumbs = open_hit("l3", "customer:C-1", place="&after=abc")
    anchor = f"#r-{archive.get('l3').public_id}"
    assert re.search(rf'href="/search/[0-9a-f-]+/\?after=abc{anchor}" id="trail-results" data-key="back"', crumbs)
    assert crumbs.count("after=abc") == 3


def test_the_ends_of_the_list_lead_nowhere_and_keep_their_places(open_hit: Any) -> None:
    first, last = open_hit("l5", "customer:C-1"), open_hit("l1", "customer:C-1")
    assert 'id="trail-previous"' not in first and 'data-key="]"' in first
    assert 'id="trail-next"' not in last and 'data-key="["' in last
    assert first.count('class="v-off"') == last.count('class="v-off"') == 1


@pytest.fixture
def long_list(archive: Archive, client: Any, user_of: Any) -> Any:
    """Return a function: a search for 60 letters in some order, and their ids in it."""
    facts = {"issued_on": "2026-10-01", "customer_id": "C-9", **SEEN}
    archive.load(*(letter(f"m{n:02}", account_number=f"A{n:02}", **facts) for n in range(60)))
    client.force_login(user_of("agent"))

    def search(sort: str) -> tuple[str, list[str]]:
        results = client.post("/search/", {"q": "customer:C-9", "sort": sort})["Location"]
        first = client.get(results).content.decode()
        (older,) = set(re.findall(r'href="(/search/[^"]*after=[^"]*)"', first))
        second = client.get(older.replace("&amp;", "&")).content.decode()
        return results, [*hits(first), *hits(second)]

    return search


def hits(text: str) -> list[str]:
    """Return the ids of the hits of a page in order."""
    return list(dict.fromkeys(re.findall(r'id="r-([0-9a-f-]{36})"', text)))


def link(text: str, name: str) -> str:
    """Return where a crumb leads, or nothing."""
    found = re.findall(rf'href="([^"]*)" id="{name}"', text)
    return found[0].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("sort", ["-issued", "issued", "account", "-account", "-archived", "customer"])
def test_one_goes_from_hit_to_hit_in_the_order_of_the_list(long_list: Any, client: Any, sort: str) -> None:
    results, ids = long_list(sort)
    assert len(ids) == 60
    url, seen = f"/communications/{ids[45]}/?s={results.split('/')[2]}", []
    for _step in range(10):
        seen.append(url.split("/")[2])
        url = link(client.get(url).content.decode(), "trail-next")
    assert seen == ids[45:55]
    back = link(client.get(url).content.decode(), "trail-previous")
    assert back.split("/")[2] == ids[54]


def test_in_an_order_for_which_all_hits_may_be_sorted_one_goes_by_the_list(open_hit: Any) -> None:
    assert open_hit("l3", "unit:retail", "account").count('class="v-off"') == 2
    assert open_hit("l3", "unit:retail", "-issued").count('class="v-off"') == 0


@pytest.mark.parametrize("sort", ["-issued", "account"])
def test_the_way_back_leads_to_the_page_on_which_one_is_by_now(long_list: Any, client: Any, sort: str) -> None:
    results, ids = long_list(sort)
    url, places = f"/communications/{ids[48]}/?s={results.split('/')[2]}", []
    for at in range(48, 53):
        text = client.get(url).content.decode()
        back = link(text, "trail-results")
        listed = hits(client.get(back.partition("#")[0]).content.decode())
        assert ids[at] in listed and back.endswith(f"#r-{ids[at]}")
        places.append(listed.index(ids[at]))
        url = link(text, "trail-next")
    assert places == [48, 49, 0, 1, 2]  # the page is left once, and stays while one is on it
