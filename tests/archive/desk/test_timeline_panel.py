"""The timeline on the page: filters and pages are links, so that they need no script; a script gets the panel alone."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.documents import timeline
from archive.documents.models import Communication
from tests.archive.documents.archives import Archive


@pytest.fixture
def row(archive: Archive) -> Communication:
    """Return a letter that five people downloaded."""
    row = archive.add("it", index={"branch": "012"})
    for number in range(5):
        reader = Actor("user", f"reader-{number}", f"reader-{number}")
        audit.record_read(actor=reader, verb=Verb.VARIANT_DOWNLOADED, subject=row, channel="sms", bytes=7)
    return row


@pytest.fixture
def get(client: Any, user_of: Any, row: Communication) -> Any:
    """Return a function: the page of the letter for an auditor, by a query, with or without a script."""
    client.force_login(user_of("auditor"))

    def page(query: str = "", **headers: str) -> str:
        answer = client.get(f"/communications/{row.public_id}/{query}", **headers)
        assert answer.status_code == 200
        return html.unescape(answer.content.decode())

    return page


def filters(text: str) -> dict[str, str]:
    """Return the words of each filter by its id."""
    found = re.findall(r'<a class="v-filter" id="show-(\w+)"[^>]*>([^<]*)<span>([^<]*)', text)
    return {name: f"{label.strip()} {number}" for name, label, number in found}


def test_each_filter_says_how_many_and_what_there_is_none_of_has_none(get: Any) -> None:
    get()
    assert filters(get()) == {"all": "All 8", "reads": "Reads 7", "changes": "Changes 1"}


def test_a_filter_is_a_place_with_an_address(get: Any) -> None:
    text = get("?panel=timeline&show=changes&v=sms")
    assert 'id="show-changes" href="/communications/' in text and 'aria-current="true">Changes' in text
    assert "Archived" in text and "Downloaded" not in text
    (link,) = re.findall(r'id="show-reads" href="([^"]*)"', text)
    assert link.endswith("/?panel=timeline&show=reads&v=sms")
    assert "Downloaded" in get(f"?{link.partition('?')[2]}")


def test_older_events_are_a_page_further(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_EVENTS", 4)
    first = get("?panel=timeline")
    assert 'id="timeline-newest"' not in first and "Archived" not in first
    (older,) = re.findall(r'id="timeline-older" href="[^"]*(\?[^"]*)"', first)
    second = get(older)
    assert "Archived" in second and 'id="timeline-newest"' in second and 'id="timeline-older"' not in second
    names = [set(re.findall(r"reader-\d", text)) for text in (first, second)]
    assert not names[0] & names[1] and len(names[0] | names[1]) == 5


def test_a_script_gets_the_panel_alone(get: Any) -> None:
    part = get("?panel=details", HTTP_HX_REQUEST="true")
    assert "<html" not in part and 'id="panel-details"' in part and "Where it came from" in part
    assert 'id="document"' not in part and "Your statement is ready" not in part


def test_what_a_script_gets_of_the_panel_reads_no_form(get: Any, row: Communication, recorded: Any) -> None:
    get("?panel=details", HTTP_HX_REQUEST="true")
    assert [verb for verb, name in recorded(row) if name == "auditor"] == ["communication.viewed"]


def test_focus_goes_to_the_list_when_it_is_paged_by_a_script(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_EVENTS", 4)
    (older,) = re.findall(r'id="timeline-older" href="[^"]*(\?[^"]*)"', get("?panel=timeline"))
    place = 'id="timeline-top" tabindex="-1" data-focus'
    assert place in get(older, HTTP_HX_REQUEST="true")
    assert place not in get(older) and place not in get("?panel=timeline", HTTP_HX_REQUEST="true")


def test_details_of_a_read_are_shown_on_demand(get: Any) -> None:
    text = get("?panel=timeline&show=reads")
    assert re.search(r"<details[^>]*><summary>Details</summary>.*?<dt>Bytes</dt><dd>7</dd>", text, re.DOTALL)


def test_an_agent_is_told_that_others_reads_are_not_shown(
    row: Communication, client: Any, user_of: Any, get: Any
) -> None:
    words = "Of reads you see your own; auditors see all."
    assert words not in get()
    client.force_login(user_of("agent"))
    assert words in get() and "reader-" not in get()
