"""What may not be seen answers as what never was: same status, same body, same headers, on every route (S-01, S-03)."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from archive.audit.actor import Actor
from archive.audit.ids import uuid7
from archive.batches.models import Load
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, events, letter
from tests.test_architecture import MATRIX

ROUTES = {
    "communication": "/communications/{}/",
    "communication_notes": "/communications/{}/notes/",
    "variant_content": "/communications/{}-1/content",
    "variant_download": "/communications/{}-1/download",
    "variant_print": "/communications/{}-1/print",
    "variant_rendition": "/communications/{}-1/rendition",
    "variant_page": "/communications/{}-1/page/1",
    "search_results": "/search/{}/",
    "search_count": "/search/{}/count",
    "saved_step": "/search/saved/{}/open/",
    "search_save": "/search/{}/save",
    "search_selection": "/search/{}/selection",
    "search_export": "/search/{}/export/",
    "export_file": "/exports/{}/file",
    "export_fetch": "/exports/{}/fetch",
    "export_step": "/exports/{}/stop/",
    "load": "/loads/{}/",
    "load_progress": "/loads/{}/progress",
    "load_rejects": "/loads/{}/rejects",
    "load_step": "/loads/{}/pause/",
    "audit_event": "/audit/{}/",
}
OF_COMMUNICATIONS = [name for name in ROUTES if name.startswith(("communication", "variant"))]
OF_SEARCHES = ["search_results", "search_count"]
# A token of the form, and the time at which the page was made, for its print.
_CHANGING = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+|<time datetime="[^"]+">[^<]+</time>')
READS = ("communication.viewed", "variant.viewed", "variant.downloaded", "variant.printed")


def told(client: Any, method: str, route: str, asked: UUID) -> tuple[int, bytes, dict[str, str]]:
    """Return all that an answer tells, without what is new in every answer and without the id that was asked for."""
    answer = getattr(client, method)(ROUTES[route].format(asked))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    body = _CHANGING.sub(b"", body).replace(str(asked).encode(), b"ID")
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return answer.status_code, body, headers


def test_every_route_with_an_id_stands_in_this_file() -> None:
    with_id = {name for name, (_method, path, _roles, _status) in MATRIX.items() if "01920000" in path}
    assert with_id == set(ROUTES)


@pytest.fixture
def hidden(archive: Archive) -> UUID:
    """Return the id of a PDF that an agent may not see."""
    row = archive.add_file("hidden", "a.pdf", b"%PDF secret", "application/pdf", index={"branch": "099"})
    return row.public_id


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_hidden_communication_is_as_absent_as_none(hidden: UUID, client: Any, user_of: Any, method: str) -> None:
    client.force_login(user_of("agent"))
    absent = uuid7()
    for route in OF_COMMUNICATIONS:
        there, never = told(client, method, route, hidden), told(client, method, route, absent)
        assert there == never, route
        posted = MATRIX[route][0] == "post"
        assert there[0] == (404 if posted == (method == "post") else 405)
        assert b"secret" not in there[1] and b"099" not in there[1]
    assert events(*READS) == []


def test_the_same_communication_is_there_for_those_who_may_see_it(hidden: UUID, client: Any, user_of: Any) -> None:
    client.force_login(user_of("auditor"))
    found = {route: told(client, MATRIX[route][0], route, hidden)[0] for route in OF_COMMUNICATIONS}
    # An auditor reads everything and writes nothing.
    assert found.pop("communication_notes") == 403
    assert list(found.values()) == [200, 200, 200, 200, 404, 503]


def test_a_form_that_a_letter_has_not_is_absent_too(archive: Archive, client: Any, user_of: Any) -> None:
    row = archive.add_file("seen", "a.pdf", b"%PDF", "application/pdf", index={"branch": "012"})
    client.force_login(user_of("agent"))
    for number in ("0", "2", "40000", "99999999999999999999"):
        for what in ("content", "download", "print", "page/1"):
            assert client.get(f"/communications/{row.public_id}-{number}/{what}").status_code == 404


def test_a_search_of_somebody_else_is_as_absent_as_none(archive: Archive, client: Any, user_of: Any) -> None:
    other = user_of("auditor")
    search = start_search(text="", user=other, actor=Actor.of_user(other))
    client.force_login(user_of("agent"))
    for route in OF_SEARCHES:
        there, never = told(client, "get", route, search.public_id), told(client, "get", route, uuid7())
        assert there == never and there[0] == 404
    client.force_login(other)
    assert [told(client, "get", route, search.public_id)[0] for route in OF_SEARCHES] == [200, 200]


def test_another_users_search_gives_no_way_on_from_a_record(archive: Archive, client: Any, user_of: Any) -> None:
    archive.load(*(letter(f"seen-{n}", index={"branch": "012"}) for n in range(3)))
    row, other, agent = archive.get("seen-1"), user_of("auditor"), user_of("agent")
    theirs = start_search(text="", user=other, actor=Actor.of_user(other))
    mine = start_search(text="", user=agent, actor=Actor.of_user(agent))
    client.force_login(agent)
    page = f"/communications/{row.public_id}/"
    for suffix in ("", f"?s={theirs.public_id}", f"?s={uuid7()}", "?s=x", "?s="):
        assert 'id="trail-next"' not in client.get(page + suffix).content.decode()
    assert 'id="trail-next"' in client.get(f"{page}?s={mine.public_id}").content.decode()


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_loads_and_events_are_refused_alike_whether_they_are_there_or_not(
    archive: Archive, client: Any, user_of: Any, role: str
) -> None:
    archive.load(letter("one"))
    load, event = Load.objects.get(), events("load.completed")[0]
    client.force_login(user_of(role))
    routes = [(name, load.public_id) for name in ROUTES if name.startswith("load")]
    for route, known in [*routes, ("audit_event", event.event_id)]:
        method = MATRIX[route][0]
        there, never = told(client, method, route, known), told(client, method, route, uuid7())
        assert there == never and there[0] == 403


def test_a_step_that_a_load_has_not_and_a_load_that_is_none_are_absent(
    archive: Archive, client: Any, user_of: Any
) -> None:
    archive.load(letter("one"))
    client.force_login(user_of("operations"))
    assert client.post(f"/loads/{Load.objects.get().public_id}/delete/").status_code == 404
    for route in ("load", "load_progress", "load_rejects"):
        assert told(client, "get", route, uuid7())[0] == 404


def test_a_user_without_rules_sees_what_somebody_sees_of_an_empty_archive(
    hidden: UUID, client: Any, user_of: Any
) -> None:
    client.force_login(user_of("records"))
    assert told(client, "get", "communication", hidden)[0] == 404
    answer = client.post("/search/", {"q": ""}, follow=True)
    assert "No communication matches" in answer.content.decode()
