"""What every request gets: an id, the person's language, headers that keep private pages private, recorded refusals."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from archive.audit.services import read_leaf
from portal.logs import LineFormatter
from tests.archive.documents.archives import events

HOSTILE = "a\r\n2026-01-01 INFO root forged\x1b[31m\u2028line"


def test_each_request_has_an_id_of_ours_whatever_the_client_sends(client: Any, db: Any) -> None:
    ids = [client.get("/accounts/login/", headers={"X-Request-ID": "forged"})["X-Request-ID"] for _ in range(2)]
    assert len(set(ids)) == 2 and all(uuid.UUID(one).version == 7 for one in ids)


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere/", "/audit/"])
def test_no_page_is_kept_by_a_browser_or_proxy(client: Any, user_of: Callable[..., Any], path: str) -> None:
    for signed_in in (False, True):
        if signed_in:
            client.force_login(user_of("agent"))
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"] and "HX-Request" in answer["Vary"]
        assert not answer.has_header("Clear-Site-Data")


def test_signing_out_makes_the_browser_forget_what_it_stored(client: Any, user_of: Callable[..., Any]) -> None:
    client.force_login(user_of("agent"))
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize(
    ("chosen", "browser", "spoken"),
    [("de", "en", "de"), ("en", "de", "en"), ("", "de", "de"), ("", "en", "en"), ("xx", "en", "en")],
)
def test_a_person_is_spoken_to_in_the_language_he_chose(
    client: Any, user_of: Callable[..., Any], chosen: str, browser: str, spoken: str
) -> None:
    user = user_of("agent")
    user.language = chosen
    user.save()
    client.force_login(user)
    page = client.get("/", headers={"Accept-Language": browser})
    assert f'<html lang="{spoken}"' in page.content.decode() and page["Content-Language"] == spoken
    client.logout()
    assert client.get("/accounts/login/", headers={"Accept-Language": "en"})["Content-Language"] == "en"


# Behind a proxy that speaks TLS


@pytest.fixture
def _https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.TRUSTED_PROXIES = ["10.0.0.2"]


@pytest.mark.usefixtures("_https", "db")
def test_what_came_to_a_trusted_proxy_by_https_is_secure(client: Any) -> None:
    answer = client.get("/accounts/login/", headers={"X-Forwarded-Proto": "https"}, REMOTE_ADDR="10.0.0.2")
    assert answer.status_code == 200 and answer.wsgi_request.is_secure()


@pytest.mark.usefixtures("_https", "db")
@pytest.mark.parametrize(
    ("address", "said"), [("10.0.0.3", "https"), ("", "https"), ("10.0.0.2", "http"), ("10.0.0.2", None)]
)
def test_what_came_otherwise_is_sent_to_https(client: Any, address: str, said: str | None) -> None:
    headers = {"X-Forwarded-Proto": said} if said else {}
    answer = client.get("/accounts/login/", headers=headers, REMOTE_ADDR=address)
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/accounts/login/")


# Refusals


def test_a_refused_page_is_recorded_with_who_where_and_how(client: Any, configured: None, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    one = "01920000-0000-7000-8000-000000000000"
    for _ in range(2):
        assert client.get(f"/loads/{one}/").status_code == 403
    assert client.post(f"/loads/{one}/pause/").status_code == 403
    refused = events("access.refused")
    assert [(event.actor_name, event.subject_kind, event.subject_id, event.outcome) for event in refused] == [
        ("agent", "page", "load", "refused"),
        ("agent", "page", "load", "refused"),
        ("agent", "page", "load_step", "refused"),
    ]
    said = read_leaf(refused[-1])
    assert said["details"] == {"method": "POST", "public_id": one, "step": "pause"}
    assert said["address"] == "127.0.0.1" and said["reason"]


def test_what_is_not_there_and_who_is_not_signed_in_is_no_refusal(client: Any, configured: None, user_of: Any) -> None:
    assert client.get("/audit/").status_code == 302
    client.force_login(user_of("agent"))
    assert client.get("/nowhere/").status_code == 404
    assert not events("access.refused")


def test_a_form_without_its_token_is_refused_and_recorded(configured: None, user_of: Any) -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user_of("agent"))
    assert strict.post("/preferences/", {"only": "theme", "theme": "dark"}).status_code == 403
    (event,) = events("access.refused")
    assert event.subject_id == "preferences"
    strict.logout()
    assert strict.post("/accounts/login/", {"login": "agent", "password": "x"}).status_code == 403
    assert len(events("access.refused")) == 1, "a stranger cannot fill the log by this"


# Lines of the process's log


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    formatter = LineFormatter("%(levelname)s %(name)s %(message)s")
    record = logging.LogRecord("vellum", logging.INFO, "x.py", 1, "Not found: %s", (HOSTILE,), None)
    line = formatter.format(record)
    assert line == "INFO vellum Not found: a\\u000d\\u000a2026-01-01 INFO root forged\\u001b[31m\\u2028line"


def test_a_traceback_stands_indented_under_its_line() -> None:
    formatter = LineFormatter("%(levelname)s %(message)s")
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "Broke off.", (), (type(error), error, None))
    first, *others = formatter.format(record).splitlines()
    assert first == "ERROR Broke off." and others
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_every_handler_of_ours_writes_such_lines() -> None:
    import portal.settings

    logging_of = portal.settings.LOGGING
    assert logging_of["formatters"]["line"]["()"] == "portal.logs.LineFormatter"
    assert all(handler["formatter"] == "line" for handler in logging_of["handlers"].values())
