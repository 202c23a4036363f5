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
