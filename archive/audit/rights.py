"""May they: one check for services, the same for users, machines and the system."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from archive.audit.actor import Actor


def require(actor: Actor, permission: str) -> None:
    """Let the actor pass, or refuse.

    Shapes: the system itself may do what its commands offer; a user needs the permission ("app.codename").
    Errors: PermissionDenied.
    """
    if actor.kind == "system" and actor.id != "anonymous":
        return
    if actor.user is None or not actor.user.has_perm(permission):
        raise PermissionDenied(permission)
