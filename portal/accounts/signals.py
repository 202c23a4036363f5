"""Sign-ins, sign-outs and failures go into the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import signals
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.http import HttpRequest

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb


def connect() -> None:
    """Listen to Django's own signals: every way in passes them."""
    # Django writes the time of the last sign-in before anybody else hears of it: here it goes with its event, or not.
    signals.user_logged_in.disconnect(dispatch_uid="update_last_login")
    signals.user_logged_in.connect(_signed_in, dispatch_uid="audit signed in")
    signals.user_logged_out.connect(_signed_out, dispatch_uid="audit signed out")
    signals.user_login_failed.connect(_failed, dispatch_uid="audit sign-in failed")


def _actor(request: HttpRequest | None, user: Any) -> Actor:
    if request is None:
        return Actor.of_user(user) if user else Actor.system("sign-in")
    seen = Actor.of(request)
    if user is None:
        return seen
    return Actor(
        "user",
        str(user.pk),
        user.get_username(),
        address=seen.address,
        correlation_id=seen.correlation_id,
        account=user,
    )


def _signed_in(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    with transaction.atomic():
        update_last_login(sender, user)
        audit.record(actor=_actor(request, user), verb=Verb.USER_SIGNED_IN, subject=user)


def _signed_out(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    if user is not None:
        with transaction.atomic():
            audit.record(actor=_actor(request, user), verb=Verb.USER_SIGNED_OUT, subject=user)


def _failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    name = str(credentials.get("username") or credentials.get("login") or credentials.get("email") or "")
    with transaction.atomic():
        audit.record(
            actor=_actor(request, None),
            verb=Verb.USER_SIGN_IN_FAILED,
            subject=("sign-in", "failed"),
            outcome="refused",
            private={"name": name[:150]},
        )
