"""What a person sets for himself: preferences and password, each change with its event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from archive.audit.models import Event
from archive.audit.services import read_leaf
from portal.accounts.models import User
from tests.archive.documents.archives import events

PASSWORD, OTHER = "correct horse battery", "another horse battery"
ALL = {"theme": "dark", "density": "compact", "language": "de", "time_zone": "Europe/London", "single_keys": ""}


@pytest.fixture
def user(user_of: Callable[..., User], client: Any) -> User:
    """Return a signed-in user."""
    found = user_of(name="eva")
    client.force_login(found)
    return found


def written() -> list[tuple[str, str, str]]:
    """Return the events of preferences and passwords as (verb, actor, outcome)."""
    kept = events("user.preferences_changed", "user.password_changed")
    return [(event.verb, event.actor_name, event.outcome) for event in kept]


def test_preferences_are_kept_and_recorded_by_their_names(client: Any, user: User) -> None:
    assert client.post("/preferences/", ALL)["Location"] == "/preferences/"
    user.refresh_from_db()
    assert (user.theme, user.density, user.language, user.time_zone) == ("dark", "compact", "de", "Europe/London")
    assert not user.single_keys
    (event,) = events("user.preferences_changed")
    assert event.subject_id == str(user.pk)
    assert read_leaf(event)["details"] == {"fields": "density,language,single_keys,theme,time_zone"}


def test_saving_what_is_there_already_writes_nothing(client: Any, user: User) -> None:
    client.post("/preferences/", ALL)
    client.post("/preferences/", ALL)
    assert len(written()) == 1


def test_one_preference_alone_leaves_the_others(client: Any, user: User) -> None:
    client.post("/preferences/", ALL)
    answer = client.post("/preferences/", {"only": "theme", "theme": "light", "density": "evil", "next": "/help/"})
    assert answer["Location"] == "/help/"
    user.refresh_from_db()
    assert (user.theme, user.density, user.single_keys) == ("light", "compact", False)
    assert read_leaf(events("user.preferences_changed")[-1])["details"] == {"fields": "theme"}


@pytest.mark.parametrize(
    "change",
    [{"theme": "pink"}, {"density": "loose"}, {"language": "xx"}, {"time_zone": "Mars/Olympus"}, {"theme": ""}],
)
def test_a_preference_that_is_not_offered_is_refused_and_nothing_changes(client: Any, user: User, change: Any) -> None:
    assert client.post("/preferences/", {**ALL, **change}).status_code == 422
    user.refresh_from_db()
    assert (user.theme, user.language) == ("system", "") and written() == []


def test_nothing_but_preferences_can_be_set_there(client: Any, user: User) -> None:
    evil = {"is_superuser": "1", "is_staff": "1", "username": "admin", "groups": "1", "password": "x"}
    client.post("/preferences/", {**ALL, **evil})
    client.post("/preferences/", {"only": "is_superuser", **evil})
    user.refresh_from_db()
    assert (user.username, user.is_superuser, user.is_staff, user.groups.count()) == ("eva", False, False, 0)
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_one_comes_back_to_a_page_of_ours_only(client: Any, user: User, wanted: str) -> None:
    answer = client.post("/preferences/", {"only": "theme", "theme": "light", "next": wanted})
    assert answer["Location"] == "/preferences/"


def change_password(client: Any, old: str = PASSWORD, new: str = OTHER, again: str = "") -> Any:
    """Send the form of the password."""
    return client.post(
        "/accounts/password/", {"old_password": old, "new_password1": new, "new_password2": again or new}
    )


def test_another_password_is_recorded_ends_other_sessions_and_keeps_this_one(client: Any, user: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(user)
    assert change_password(client)["Location"] == "/preferences/"
    user.refresh_from_db()
    assert user.check_password(OTHER)
    assert client.get("/").status_code == 200 and elsewhere.get("/").status_code == 302
    assert written() == [("user.password_changed", "eva", "done")]
    (event,) = events("user.password_changed")
    assert event.subject_id == str(user.pk) and OTHER.encode() not in bytes(event.leaf)


def test_without_the_present_password_nothing_changes_and_the_refusal_is_recorded(client: Any, user: User) -> None:
    assert change_password(client, old="guessed").status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert written() == [("user.password_changed", "eva", "refused")]


@pytest.mark.parametrize(("new", "again"), [("short", ""), ("password1234", ""), ("eva", ""), (OTHER, "mistyped it")])
def test_a_password_that_is_weak_or_mistyped_is_refused_without_an_event(
    client: Any, user: User, new: str, again: str
) -> None:
    before = Event.objects.count()
    assert change_password(client, new=new, again=again).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD) and Event.objects.count() == before
