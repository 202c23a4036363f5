"""Signing in and out: who may, what is recorded, and that nothing tells which users there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache

from archive.audit.models import Event, EventPrivate
from archive.audit.services import read_leaf
from portal.accounts.models import User
from tests.archive.documents.archives import events, private_texts

PASSWORD = "correct horse battery"
SIGN_INS = ("user.signed_in", "user.sign_in_failed", "user.signed_out", "access.refused")


@pytest.fixture(autouse=True)
def _attempts_are_forgotten() -> None:
    cache.clear()


@pytest.fixture
def agent(user_of: Callable[..., User]) -> User:
    """Return a user."""
    return user_of(name="eva")


def sign_in(client: Any, name: str = "eva", password: str = PASSWORD, **more: str) -> Any:
    """Send the sign-in form."""
    return client.post("/accounts/login/", {"login": name, "password": password, **more})


def signed_in(client: Any) -> bool:
    """Tell whether the browser gets past the door."""
    return bool(client.get("/").status_code == 200)


def told() -> list[tuple[str, str, str]]:
    """Return the sign-in events as (verb, actor, outcome)."""
    return [(event.verb, event.actor_name, event.outcome) for event in events(*SIGN_INS)]


def test_who_knows_the_password_is_in_and_it_is_recorded(client: Any, agent: User) -> None:
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/") and signed_in(client)
    (event,) = events(*SIGN_INS)
    assert (event.verb, event.actor_kind, event.actor_name) == ("user.signed_in", "user", "eva")
    assert (event.subject_kind, event.subject_id) == ("user", str(agent.pk)) == agent.audit_subject
    said = read_leaf(event)
    assert said["address"] == "127.0.0.1" and said["correlation"] == answer["X-Request-ID"]
    agent.refresh_from_db()
    assert agent.last_login is not None


def test_a_wrong_password_is_refused_and_recorded_without_the_name_in_the_event(client: Any, agent: User) -> None:
    answer = sign_in(client, password="wrong")
    assert answer.status_code in (200, 422) and not signed_in(client)
    assert told() == [("user.sign_in_failed", "anonymous", "refused")]
    (event,) = events("user.sign_in_failed")
    assert private_texts(event) == {"name": "eva"}
    assert b"eva" not in bytes(event.leaf) and b"wrong" not in bytes(event.leaf)
    agent.refresh_from_db()
    assert agent.last_login is None


def test_no_password_is_ever_kept_in_the_log(client: Any, agent: User) -> None:
    sign_in(client, password="s3cret-typed")
    sign_in(client, name="s3cret-typed", password=PASSWORD)
    sign_in(client)
    kept = [str(row.texts) for row in EventPrivate.objects.all()]
    kept += [bytes(leaf).decode() for leaf in Event.objects.values_list("leaf", flat=True)]
    assert not [text for text in kept if PASSWORD in text]
    assert [text for text in kept if "s3cret-typed" in text] == ["{'name': 's3cret-typed'}"]


def test_a_user_who_is_not_active_is_treated_like_a_wrong_password(client: Any, agent: User) -> None:
    User.objects.update(is_active=False)
    refused = sign_in(client)
    wrong = sign_in(client, password="wrong")
    unknown = sign_in(client, name="nobody-known")
    assert not signed_in(client)
    assert {verb for verb, _actor, _outcome in told()} == {"user.sign_in_failed"} and len(told()) == 3

    def shown(answer: Any) -> str:
        """Return the page without what is new in each, and without what was typed."""
        text = re.sub(r'(csrfmiddlewaretoken" value="|value=")[^"]*', r"\1", answer.content.decode())
        return re.sub(r'nonce="[^"]*"', "", text)

    assert refused.status_code == wrong.status_code == unknown.status_code
    assert shown(refused) == shown(wrong) == shown(unknown)


def test_a_session_ends_when_its_user_is_made_inactive(client: Any, agent: User) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert not signed_in(client)


def test_many_wrong_passwords_are_held_up(client: Any, agent: User) -> None:
    answers = [sign_in(client, password="wrong") for _ in range(12)]
    assert not signed_in(client)
    held = sign_in(client)
    assert not signed_in(client) and held.status_code != 302
    assert 0 < len(events("user.sign_in_failed")) < len(answers), "what is held up is not tried"


def test_one_persons_wrong_tries_hold_up_nobody_else_of_the_house(client: Any, agent: User, user_of: Any) -> None:
    user_of(name="max")
    for _ in range(12):
        sign_in(client, password="wrong")
    assert sign_in(client, name="max").status_code == 302 and signed_in(client)


def test_one_address_tries_many_names_a_hundred_times_and_no_more(client: Any, agent: User, settings: Any) -> None:
    """Behind a trusted proxy it is the client's address that counts; what a client says of itself does not."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def from_(address: str, name: str) -> int:
        forwarded = {"X-Forwarded-For": f"1.2.3.4, {address}"}
        sent = {"login": name, "password": PASSWORD}
        return int(client.post("/accounts/login/", sent, headers=forwarded).status_code)

    for number in range(100):
        from_("203.0.113.9", f"nobody-{number}")
    assert len(events("user.sign_in_failed")) == 100
    assert from_("203.0.113.9", "eva") != 302 and not signed_in(client)
    assert from_("203.0.113.10", "eva") == 302 and signed_in(client)


def test_who_is_no_proxy_cannot_choose_the_address_that_counts(client: Any, agent: User) -> None:
    for number in range(101):
        forged = {"X-Forwarded-For": f"203.0.113.{number}"}
        client.post("/accounts/login/", {"login": f"nobody-{number}", "password": "x"}, headers=forged)
    assert len(events("user.sign_in_failed")) == 100


def test_a_sign_in_by_code_is_recorded_too(agent: User) -> None:
    assert authenticate(None, username="eva", password="wrong") is None
    (event,) = events("user.sign_in_failed")
    said = read_leaf(event)
    assert event.actor_name == "sign-in" and said["address"] == "local"


def test_signing_out_takes_a_form_and_is_recorded(client: Any, agent: User) -> None:
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200 and signed_in(client)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert not signed_in(client)
    assert told() == [("user.signed_in", "eva", "done"), ("user.signed_out", "eva", "done")]


def test_signing_out_twice_or_as_a_stranger_writes_nothing(client: Any, agent: User) -> None:
    client.post("/accounts/logout/")
    sign_in(client)
    for _ in range(2):
        client.post("/accounts/logout/")
    assert [verb for verb, _actor, _outcome in told()] == ["user.signed_in", "user.signed_out"]


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/help/", "/help/"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("javascript:alert(1)", "/")],
)
def test_one_comes_back_to_a_page_of_ours_only(client: Any, agent: User, wanted: str, reached: str) -> None:
    assert sign_in(client, next=wanted)["Location"] == reached


def test_signing_in_gives_a_new_session(client: Any, agent: User) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "x"
    session.save()
    before = session.session_key
    sign_in(client)
    assert client.session.session_key != before


def test_the_cookie_of_the_session_is_for_this_site_and_not_for_scripts(client: Any, agent: User) -> None:
    cookie = sign_in(client).cookies["session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["max-age"] == "", "it ends with the browser"
    assert client.session.get_expiry_age() <= 12 * 3600, "and after half a day at the latest"


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/", "/admin/"])
def test_nobody_makes_himself_a_user_or_another_password(client: Any, db: Any, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path, {"username": "new", "password1": PASSWORD, "password2": PASSWORD}).status_code == 404
    assert not User.objects.exists()


def test_hostile_names_are_kept_out_of_the_event(client: Any, agent: User) -> None:
    sign_in(client, name="eva\r\nuser.signed_in admin\x1b[31m\u2028", password="x")
    for event in events("user.sign_in_failed"):
        assert bytes(event.leaf).decode().isprintable() and b"admin" not in bytes(event.leaf)
