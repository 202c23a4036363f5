"""Make users, and save what they prefer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from portal.accounts.models import User
from portal.accounts.roles import ensure_role


class UserExistsError(ValueError):
    """There is a user of this name already."""


def create_user(*, name: str, password: str, roles: Sequence[str], actor: Actor, first_name: str = "") -> User:
    """Make a user of some roles.

    Errors: UserExistsError, also for a name that differs in case only; ValidationError for a name that is none;
    KeyError for a role that is not in the table.
    """
    name = User.normalize_username(name)
    User(username=name, first_name=first_name).clean_fields(exclude={"password"})
    with transaction.atomic():
        if User.objects.filter(username__iexact=name).exists():
            raise UserExistsError(f"There is a user called {name} already. Choose another name.")
        user = User.objects.create_user(name, password=password, first_name=first_name)
        user.groups.set([ensure_role(role)[0] for role in roles])
        audit.record(actor=actor, verb=Verb.USER_CREATED, subject=user, roles=list(roles))
    return user


def change_password(*, user: User, password: str, actor: Actor) -> None:
    """Give a user another password; every session of the user ends with the old one.

    Shapes: the password was validated by whoever asked for it.
    """
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(actor=actor, verb=Verb.USER_PASSWORD_CHANGED, subject=user)


def refuse_password_change(*, user: User, actor: Actor) -> None:
    """Record that somebody in a user's session did not know the present password."""
    audit.record_refusal(
        actor=actor, verb=Verb.USER_PASSWORD_CHANGED, subject=user, reason="The present password was not given."
    )


def save_preferences(*, user: User, changed: Collection[str], actor: Actor) -> None:
    """Save the preferences that changed; without a change nothing is written."""
    if not changed:
        return
    with transaction.atomic():
        user.save(update_fields=sorted(changed))
        audit.record(actor=actor, verb=Verb.USER_PREFERENCES_CHANGED, subject=user, fields=",".join(sorted(changed)))
