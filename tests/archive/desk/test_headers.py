"""Every URL: nothing cached, types not guessed, our strict policy or a stricter one (S-16; requirements S-08)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from archive.audit.actor import Actor
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, events, letter
from tests.test_architecture import MATRIX

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "frame-src": "'self'",
    "form-action": "'self'",
    "img-src": "'self' data: blob:",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_of(answer: Any) -> dict[str, str]:
    """Return the policy of an answer by directive."""
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _blank, value in parts if name}


def assert_private(answer: Any, name: str, *, policy: dict[str, str] | None = None) -> None:
    """Hold an answer to the headers that all have."""
    assert "no-store" in answer["Cache-Control"], name
    assert answer["X-Content-Type-Options"] == "nosniff", name
    assert answer["X-Frame-Options"] in ("DENY", "SAMEORIGIN"), name
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin", name
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer"), name
    assert "Server" not in answer.headers and "X-Powered-By" not in answer.headers
    if policy is not None:
        assert policy_of(answer) == policy, name


@pytest.mark.parametrize("role", ["", "agent", "operations", "auditor", "admin"])
def test_every_route_for_every_role_and_none(configured: None, client: Any, user_of: Any, role: str) -> None:
    if role:
        client.force_login(user_of(role))
    for name, (method, path, _roles, _status) in MATRIX.items():
        answer = getattr(client, method)(path)
        assert_private(answer, name, policy=POLICY)


def test_answers_that_hold_something(archive: Archive, client: Any, user_of: Any) -> None:
    archive.load(letter("one", index={"branch": "012"}))
    row = archive.add_file("pdf", "a.pdf", b"%PDF", "application/pdf", index={"branch": "012"})
    user = user_of("auditor", "operations")
    client.force_login(user)
    search = start_search(text="", user=user, actor=Actor.of_user(user))
    for path in (
        f"/search/{search.public_id}/",
        f"/search/{search.public_id}/count",
        f"/communications/{row.public_id}/",
        f"/communications/{row.public_id}-1/page/1",
        f"/loads/{row.load.public_id}/",
        f"/loads/{row.load.public_id}/progress",
        f"/loads/{row.load.public_id}/rejects",
        f"/audit/{events('load.completed')[0].event_id}/",
    ):
        assert_private(client.get(path), path, policy=POLICY)
    for what in ("content", "download"):
        answer = client.get(f"/communications/{row.public_id}-1/{what}")
        assert_private(answer, what)
        assert policy_of(answer)["default-src"] == "'none'" and "sandbox" in policy_of(answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nothing/", 404),
        ("get", "/communications/not-an-id/", 404),
        ("delete", "/search/", 405),
        ("post", "/communications/01920000-0000-7000-8000-000000000000/", 405),
        ("get", "/audit/", 403),
        ("options", "/", 405),
    ],
)
def test_refusals_and_errors(configured: None, client: Any, user_of: Any, method: str, path: str, status: int) -> None:
    client.force_login(user_of("agent"))
    answer = getattr(client, method)(path)
    assert answer.status_code == status
    assert_private(answer, path, policy=POLICY)


def test_a_slash_that_is_missing_is_added_without_a_word(configured: None, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    answer = client.get("/search")
    assert (answer.status_code, answer["Location"], answer.content) == (301, "/search/", b"")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("before", ["%C2%B2", "x", "-1", "9" * 40, "%D9%A3", "1.5", ""])
def test_a_place_in_the_list_of_loads_that_is_none_is_ignored(
    configured: None, client: Any, user_of: Any, before: str
) -> None:
    client.force_login(user_of("operations"))
    assert client.get(f"/loads/?before={before}").status_code == 200


def test_a_request_from_elsewhere_is_refused(configured: None, user_of: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_of("agent"))
    answer = client.post("/search/", {"q": ""})
    assert answer.status_code == 403 and not events("search.run")
    assert_private(answer, "csrf", policy=POLICY)


def test_an_error_of_ours_keeps_its_headers(archive: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    client.raise_request_exception = False
    row = archive.add("one", index={"branch": "012"})
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END")
    try:
        answer = client.get(f"/communications/{row.public_id}/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER full")
    assert answer.status_code == 500 and b"RAISE" not in answer.content and b"IntegrityError" not in answer.content
    assert_private(answer, "error", policy=POLICY)
