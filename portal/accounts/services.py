"""Changes that a person makes to his own account."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from portal.accounts.models import User


def save_preferences(*, user: User, changed: Collection[str], actor: Actor) -> None:
    """Save the preferences that changed; without a change nothing is written."""
    if not changed:
        return
    with transaction.atomic():
        user.save(update_fields=sorted(changed))
        audit.record(actor=actor, verb=Verb.USER_PREFERENCES_CHANGED, subject=user, fields=",".join(sorted(changed)))
