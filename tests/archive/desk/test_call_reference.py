"""The reference of a call goes into every read of its session, and nowhere else."""

from __future__ import annotations

import datetime
import logging
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from archive.audit.models import Event, EventPrivate, ViewMark
from archive.search.models import Search
from tests.archive.documents.archives import Archive, body_of, events, private_texts

READS = ("communication.viewed", "variant.viewed", "variant.downloaded", "search.run")
CALL = "Callmarker 88213"


@pytest.fixture
def url(archive: Archive) -> str:
    """Return the page of a letter whose SMS is shown at once."""
    return f"/communications/{archive.add('it', index={'branch': '012'}).public_id}"


@pytest.fixture
def agent(archive: Archive, client: Any, user_of: Any) -> Any:
    """Return the browser of an agent who is on a call."""
    client.force_login(user_of("agent"))
    assert client.post("/call/", {"reference": f"  {CALL} ", "next": "/help/"})["Location"] == "/help/"
    return client


def told() -> list[tuple[str, str]]:
    """Return of every read its verb and the call that it tells."""
    texts = {row.event_id: row.texts for row in EventPrivate.objects.all()}
    return [(event.verb, texts.get(event.event_id, {}).get("call_reference", "")) for event in events(*READS)]


def test_views_downloads_and_searches_tell_the_call(agent: Any, url: str) -> None:
    agent.post("/search/", {"q": "customer:C-1"})
    agent.get(f"{url}/")
    body_of(agent.get(f"{url}-1/download"))
    assert told() == [
        ("search.run", CALL),
        ("communication.viewed", CALL),
        ("variant.viewed", CALL),
        ("variant.downloaded", CALL),
    ]
    assert private_texts(events("search.run")[0]) == {"query": "customer:C-1", "call_reference": CALL}


def test_a_search_opened_again_tells_it_too(agent: Any, url: str) -> None:
    results = agent.post("/search/", {"q": "customer:C-1"})["Location"]
    Search.objects.update(created_at=timezone.now() - datetime.timedelta(hours=1))
    agent.get(results)
    assert told() == [("search.run", CALL)] * 2


def test_another_session_of_the_same_person_does_not(agent: Any, url: str) -> None:
    other = Client()
    other.force_login(agent.get("/").wsgi_request.user)
    other.get(f"{url}/")
    assert told() == [("communication.viewed", ""), ("variant.viewed", "")]
    assert CALL not in other.get("/").content.decode()


def test_once_cleared_it_is_told_no_more(agent: Any, url: str) -> None:
    agent.post("/call/", {"reference": CALL, "clear": "1"})
    body_of(agent.get(f"{url}-1/download"))
    assert told() == [("variant.downloaded", "")]
    assert CALL not in agent.get("/").content.decode()


def test_signing_out_clears_it(agent: Any, url: str) -> None:
    user = agent.get("/").wsgi_request.user
    agent.post("/accounts/logout/")
    agent.force_login(user)
    assert CALL not in agent.get("/").content.decode()


def test_another_call_is_another_view_though_a_quarter_of_an_hour_is_not_over(agent: Any, url: str) -> None:
    agent.get(f"{url}/")
    agent.post("/call/", {"reference": CALL})  # the same again is the same call
    agent.get(f"{url}/")
    agent.post("/call/", {"reference": "88214"})
    agent.get(f"{url}/")
    assert [call for verb, call in told() if verb == "communication.viewed"] == [CALL, "88214"]


def test_nothing_that_stays_holds_the_reference(agent: Any, url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    page = agent.get(f"{url}/")
    assert "Callmarker" not in caplog.text and "Callmarker" not in str(page.headers)
    assert "Callmarker" not in page.wsgi_request.get_full_path()
    assert not [row for row in ViewMark.objects.all() if "Callmarker" in row.subject_id or "88213" in row.subject_id]
    assert not [event for event in Event.objects.all() if b"Callmarker" in bytes(event.leaf)]


def test_changes_do_not_tell_the_call(agent: Any, url: str) -> None:
    agent.post(f"{url}/notes/", {"text": "Called"})
    (event,) = events("note.added")
    assert not EventPrivate.objects.filter(event_id=event.event_id).exists()


def test_the_timeline_shows_it_to_its_agent_and_to_auditors_and_to_nobody_else(
    agent: Any, url: str, user_of: Any
) -> None:
    agent.get(f"{url}/")
    page = f"{url}/?panel=timeline&show=reads"
    assert f"call {CALL}" in agent.get(page).content.decode()
    for role, sees in (("auditor", True), ("operations", False)):
        other = Client()
        other.force_login(user_of(role))
        assert (CALL in other.get(page).content.decode()) is sees, role


def test_the_page_of_the_event_shows_it(agent: Any, url: str, user_of: Any) -> None:
    agent.get(f"{url}/")
    auditor = Client()
    auditor.force_login(user_of("auditor"))
    (event,) = events("communication.viewed")
    assert CALL in auditor.get(f"/audit/{event.event_id}/").content.decode()


@pytest.mark.parametrize("typed", ["x" * 101, "x" * 100_000])
def test_a_reference_that_is_too_long_is_refused_and_the_old_one_stays(agent: Any, url: str, typed: str) -> None:
    answer = agent.post("/call/", {"reference": typed, "next": "/help/"})
    assert answer.status_code == 422 and 'id="error-summary"' in answer.content.decode()
    agent.get(f"{url}/")
    assert told()[0] == ("communication.viewed", CALL)


@pytest.mark.parametrize("typed", ["\x00", "a\x00b", "\u202e", "<script>alert(1)</script>"])
def test_odd_characters_break_nothing(agent: Any, url: str, typed: str) -> None:
    answer = agent.post("/call/", {"reference": typed, "next": "/help/"})
    assert answer.status_code in (302, 422)
    page = agent.get(f"{url}/")
    assert page.status_code == 200 and "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("wanted", ["https://example.org/", "//example.org/", "javascript:alert(1)", "", "\r\nX: y"])
def test_it_leads_back_to_pages_of_ours_only(agent: Any, wanted: str) -> None:
    assert agent.post("/call/", {"reference": "1", "next": wanted})["Location"] == "/search/"


def test_it_leads_back_with_what_we_put_into_the_address_and_nothing_else(agent: Any, url: str) -> None:
    page = agent.get(f"{url}/?panel=notes&v=sms&q=Typedmarker&panel=details").content.decode()
    assert f'name="next" value="{url}/?v=sms&amp;panel=details"' in page and "Typedmarker" not in page.split("<main")[0]


def test_no_event_of_its_own_is_written(agent: Any) -> None:
    last = Event.objects.count()
    agent.post("/call/", {"reference": "88214"})
    agent.post("/call/", {"clear": "1"})
    assert Event.objects.count() == last


def test_who_cannot_search_is_on_no_call(client: Any, user_of: Any, configured: None) -> None:
    client.force_login(user_of("admin"))
    assert client.post("/call/", {"reference": "88214"}).status_code == 403
    assert 'id="call-menu"' not in client.get("/").content.decode()
