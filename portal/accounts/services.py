"""Make users."""

from __future__ import annotations

from collections.abc import Sequence

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

    Errors: UserExistsError; KeyError for a role that is not in the table.
    """
    with transaction.atomic():
        if User.objects.filter(username=name).exists():
            raise UserExistsError(f"There is a user called {name} already. Choose another name.")
        user = User.objects.create_user(name, password=password, first_name=first_name)
        user.groups.set([ensure_role(role)[0] for role in roles])
        audit.record(actor=actor, verb=Verb.USER_CREATED, subject=user, roles=list(roles))
    return user
