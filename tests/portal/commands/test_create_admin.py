"""`manage.py create_admin`: the first administrator, with a good password, once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.documents.access import visible_q
from archive.query.fields import NOTHING
from portal.accounts.models import User
from tests.archive.ingest.state import rows

pytestmark = pytest.mark.django_db
PASSWORD = "a long and quiet evening"


def create(name: str, password: str = PASSWORD) -> str:
    """Run the command."""
    said = io.StringIO()
    call_command("create_admin", name, password=password, stdout=said)
    return said.getvalue()


def test_an_administrator_is_made_and_recorded_and_sees_no_content(client: Any, recorded: Any) -> None:
    assert create("root") == "root can sign in now.\n"
    user = User.objects.get(username="root")
    assert recorded(user) == [("user.created", "manage.py create_admin")]
    assert list(user.groups.values_list("name", flat=True)) == ["admin"]
    assert not user.is_superuser and not user.is_staff and visible_q(user) is NOTHING
    assert client.login(username="root", password=PASSWORD)


def test_the_password_is_asked_for_where_it_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _prompt: PASSWORD)
    create("root", "")
    assert User.objects.get(username="root").check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short", "password1234", "111111111111111"])
def test_a_weak_password_is_refused_and_nobody_is_made(password: str) -> None:
    before = rows()
    with pytest.raises(CommandError, match="password"):
        create("root", password)
    assert rows() == before


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 151, "a\nb", "<b>", "\uff41\u0000"])
def test_a_name_that_is_none_is_refused_and_nobody_is_made(name: str) -> None:
    before = rows()
    with pytest.raises(CommandError):
        create(name)
    assert rows() == before


@pytest.mark.parametrize("again", ["root", "ROOT", "\uff52oot"])
def test_the_same_name_twice_is_refused_and_the_first_keeps_the_password(again: str) -> None:
    create("root")
    before = rows()
    with pytest.raises(CommandError, match=r"There is a user called (root|ROOT) already"):
        create(again, "another long evening")
    assert rows() == before
