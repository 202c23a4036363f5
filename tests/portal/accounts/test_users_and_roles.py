"""Users are made by administrators and commands; roles are groups with exactly the permissions of the table."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.rights import require
from archive.audit.services import read_leaf
from portal.accounts.models import User
from portal.accounts.roles import ROLES, ensure_role
from portal.accounts.services import UserExistsError, create_user
from tests.archive.documents.archives import events

ACTOR = Actor.system("tests")
PASSWORD = "correct horse battery"


def permissions_of(user: User) -> set[str]:
    """Return what a user may, as Django sees it."""
    return set(User.objects.get(pk=user.pk).get_all_permissions())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_a_group_with_exactly_its_permissions(db: Any, role: str) -> None:
    group, changed = ensure_role(role)
    assert changed and group.name == role
    user = create_user(name="eva", password=PASSWORD, roles=[role], actor=ACTOR)
    assert permissions_of(user) == set(ROLES[role])
    assert not user.is_staff and not user.is_superuser
    assert ensure_role(role) == (group, False), "twice is once"


def test_a_role_that_somebody_widened_is_narrowed_again(db: Any) -> None:
    group, _changed = ensure_role("agent")
    group.permissions.add(Permission.objects.get(codename="view_events"))
    assert ensure_role("agent")[1]
    assert not group.permissions.filter(codename="view_events").exists()


def test_who_reads_does_not_load_and_who_administers_does_not_read(db: Any) -> None:
    """design.md: auditors change nothing; administrators have no access to content by that role alone."""
    changing = {"archive.run_loads", "archive.change_aliases"}
    assert not changing & set(ROLES["auditor"]) and not changing & set(ROLES["agent"])
    assert not [name for name in ROLES["admin"] if "search" in name or "download" in name or "view" in name]
    assert {role for role, names in ROLES.items() if "audit.view_events" in names} == {"compliance", "auditor"}


def test_a_user_of_two_roles_may_what_either_may(db: Any) -> None:
    user = create_user(name="eva", password=PASSWORD, roles=["agent", "operations"], actor=ACTOR)
    assert permissions_of(user) == {*ROLES["agent"], *ROLES["operations"]}


def test_making_a_user_is_recorded_with_roles_and_without_password(db: Any) -> None:
    user = create_user(name="eva", password=PASSWORD, roles=["agent"], actor=ACTOR, first_name="Eva")
    assert user.check_password(PASSWORD)
    (event,) = events("user.created")
    assert (event.subject_id, event.actor_name) == (str(user.pk), "tests")
    assert read_leaf(event)["details"] == {"roles": ["agent"]} and PASSWORD.encode() not in bytes(event.leaf)


def test_a_name_is_given_once(db: Any) -> None:
    create_user(name="eva", password=PASSWORD, roles=["agent"], actor=ACTOR)
    before = Event.objects.count()
    with pytest.raises(UserExistsError, match="eva"):
        create_user(name="eva", password="another password", roles=["admin"], actor=ACTOR)
    user = User.objects.get()
    assert user.check_password(PASSWORD) and user.groups.get().name == "agent"
    assert Event.objects.count() == before


def test_a_role_that_is_not_in_the_table_makes_no_user(db: Any) -> None:
    with pytest.raises(KeyError):
        create_user(name="eva", password=PASSWORD, roles=["agent", "root"], actor=ACTOR)
    assert not User.objects.exists() and not Event.objects.exists() and not Group.objects.filter(name="root").exists()


def test_what_a_user_may_is_asked_anew_with_each_request(client: Any, configured: None, user_of: Any) -> None:
    user = user_of("auditor")
    client.force_login(user)
    assert client.get("/audit/").status_code == 200
    user.groups.clear()
    assert client.get("/audit/").status_code == 403


# May they (archive/audit/rights.py)


def test_the_system_may_and_a_user_needs_the_permission(configured: None, user_of: Callable[..., User]) -> None:
    require(ACTOR, "archive.run_loads")
    require(Actor.of_user(user_of("operations")), "archive.run_loads")
    strangers = [
        Actor.of_user(user_of("agent")),
        Actor("system", "anonymous", "anonymous"),
        Actor("machine", "m-1", "engine"),
        Actor("user", "1", "a user whose row is not known"),
    ]
    for actor in strangers:
        with pytest.raises(PermissionDenied):
            require(actor, "archive.run_loads")


def test_a_user_who_is_not_active_may_nothing(configured: None, user_of: Callable[..., User]) -> None:
    user = user_of("operations")
    user.is_active = False
    with pytest.raises(PermissionDenied):
        require(Actor.of_user(user), "archive.run_loads")


# manage.py create_admin


def test_the_first_administrator_is_made_by_a_command(db: Any) -> None:
    out = io.StringIO()
    call_command("create_admin", "root", password=PASSWORD, stdout=out)
    user = User.objects.get()
    assert permissions_of(user) == set(ROLES["admin"]) and not user.is_superuser
    assert "root can sign in now." in out.getvalue()
    assert [event.actor_name for event in events("user.created")] == ["manage.py create_admin"]
    with pytest.raises(CommandError, match="Choose another name"):
        call_command("create_admin", "root", password=PASSWORD, stdout=out)


@pytest.mark.parametrize("password", ["short", "password1234", "qwertyuiop12"])
def test_a_password_that_is_easily_guessed_is_refused(db: Any, password: str) -> None:
    with pytest.raises(CommandError, match="password"):
        call_command("create_admin", "root", password=password)
    assert not User.objects.exists() and not Event.objects.exists()


def test_roles_follow_their_table_after_a_migrate(configured, recorded):
    agent = Group.objects.get(name="agent")
    there = set(Group.objects.values_list("name", flat=True))
    agent.permissions.remove(Permission.objects.get(codename="view_notes"))
    call_command("migrate", verbosity=0)
    assert agent.permissions.filter(codename="view_notes").exists()
    assert recorded(("role", "agent"))[-1] == ("configuration.changed", "migrate")
    before = recorded(("role", "agent"))
    call_command("migrate", verbosity=0)
    assert recorded(("role", "agent")) == before
    assert set(Group.objects.values_list("name", flat=True)) == there
