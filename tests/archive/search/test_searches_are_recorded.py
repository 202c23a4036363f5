"""A search is recorded before anything is shown; what was searched lies in the erasable row only."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.query import QueryError
from archive.search.models import Search
from archive.search.services import open_search, start_search
from tests.archive.documents.archives import Archive, events, letter, private_texts

TEXT = 'customer:C-4711   name:"Eva Müller"'
CANONICAL = 'customer:C-4711 name:"Eva Müller"'


@pytest.fixture
def agent(archive: Archive, user_of: Any) -> Any:
    """Return an agent, and an archive with one letter."""
    archive.load(letter("one", customer_id="C-4711", parties=[{"role": "holder", "name": "Eva Müller"}]))
    return user_of("agent")


def test_a_search_writes_one_event_whose_text_can_be_erased(agent: Any, client: Any) -> None:
    client.force_login(agent)
    answer = client.post("/search/", {"q": TEXT})
    search = Search.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/search/{search.public_id}/")
    (event,) = events("search.run")
    assert (event.actor_name, event.subject_kind, event.subject_id) == ("agent", "search", str(search.public_id))
    assert private_texts(event) == {"query": CANONICAL} == {"query": search.query}
    leaf = bytes(event.leaf).decode()
    assert "4711" not in leaf and "Eva" not in leaf and "Müller" not in leaf


def test_showing_and_paging_the_results_at_once_adds_no_event(agent: Any, client: Any) -> None:
    client.force_login(agent)
    url = client.post("/search/", {"q": TEXT})["Location"]
    for _ in range(3):
        assert client.get(url).status_code == 200
        assert client.get(f"{url}count").status_code == 200
    assert len(events("search.run")) == 1


def test_a_search_opened_again_later_is_recorded_again_once_in_a_quarter_of_an_hour(agent: Any, client: Any) -> None:
    client.force_login(agent)
    url = client.post("/search/", {"q": TEXT})["Location"]
    Search.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=16))
    for _ in range(3):
        assert client.get(url).status_code == 200
        assert client.get(f"{url}count").status_code == 200
    # A quarter may end between two requests.
    assert len(events("search.run")) in (2, 3)
    assert {private_texts(event)["query"] for event in events("search.run")} == {CANONICAL}


def test_a_query_that_is_not_understood_writes_nothing_and_shows_where(agent: Any, client: Any) -> None:
    client.force_login(agent)
    before = Event.objects.count()
    for text in ("name:", "branche:012", "class:nothing", "(", "—"):
        answer = client.post("/search/", {"q": text})
        assert answer.status_code == 422 and 'id="query-error"' in answer.content.decode()
    assert (Search.objects.count(), Event.objects.count()) == (0, before)


def test_without_the_right_nothing_is_searched_or_kept(archive: Archive, user_of: Any, client: Any) -> None:
    admin = user_of("admin")
    before = Event.objects.count()
    with pytest.raises(PermissionDenied):
        start_search(text="", user=admin, actor=Actor.of_user(admin))
    client.force_login(admin)
    assert client.post("/search/", {"q": "C-4711"}).status_code == 403
    assert Search.objects.count() == 0
    written = list(Event.objects.order_by("pk").values_list("verb", "subject_id", "outcome"))[before:]
    assert written == [("user.signed_in", str(admin.pk), "done"), ("access.refused", "search", "refused")]


def test_a_search_of_another_user_is_not_there(agent: Any, user_of: Any) -> None:
    search = start_search(text="", user=agent, actor=Actor.of_user(agent))
    with pytest.raises(Search.DoesNotExist):
        open_search(search.public_id, actor=Actor.of_user(user_of("auditor")))
    assert open_search(search.public_id, actor=Actor.of_user(agent)) == search


def test_the_same_search_twice_is_two_searches(agent: Any) -> None:
    actor = Actor.of_user(agent)
    first, second = (start_search(text=TEXT, user=agent, actor=actor) for _ in range(2))
    assert first.public_id != second.public_id and len(events("search.run")) == 2


def test_an_order_that_is_not_ours_falls_back_to_the_newest_first(agent: Any) -> None:
    assert start_search(text="", user=agent, actor=Actor.of_user(agent), sort="evil").sort == "-issued"
    assert start_search(text="", user=agent, actor=Actor.of_user(agent), sort="account").sort == "account"


def test_where_the_event_cannot_be_written_no_search_is_kept_and_nothing_is_shown(agent: Any, client: Any) -> None:
    client.force_login(agent)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TRIGGER log_is_full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    try:
        answer = client.post("/search/", {"q": TEXT})
        assert answer.status_code == 500 and b"C-4711" not in answer.content
        assert Search.objects.count() == 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER log_is_full")


def test_a_query_that_is_wrong_is_refused_with_its_place(agent: Any) -> None:
    with pytest.raises(QueryError) as caught:
        start_search(text="unit:retail branche:012", user=agent, actor=Actor.of_user(agent))
    assert (caught.value.start, caught.value.suggestion) == (12, "branch:")
