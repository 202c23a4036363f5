"""The roles, as groups with permissions; which documents a role sees is ruled by access rules."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb

_READ = ("archive.search_communications", "archive.download_communications")
_NOTES = ("archive.view_notes", "archive.add_notes")
_SHARE = ("archive.share_searches",)
_EXPORT = ("archive.export_communications", "archive.export_many")
ROLES: dict[str, tuple[str, ...]] = {
    "agent": (*_READ, *_NOTES, "archive.view_parties", "archive.export_communications"),
    "compliance": (
        *_READ,
        *_NOTES,
        "archive.view_parties",
        *_EXPORT,
        *_SHARE,
        "audit.view_events",
        "audit.export_events",
    ),
    "records": (*_READ, *_NOTES, *_EXPORT, *_SHARE, "archive.view_parties"),
    "editor": ("archive.search_communications",),
    "approver": ("archive.search_communications",),
    "operations": (*_READ, *_SHARE, "archive.view_notes", "archive.view_loads", "archive.run_loads"),
    "auditor": (
        *_READ,
        *_EXPORT,
        "archive.view_notes",
        "archive.view_parties",
        "archive.view_loads",
        "audit.view_events",
        "audit.export_events",
    ),
    "admin": ("archive.change_aliases",),
}


def ensure_role(name: str) -> tuple[Group, bool]:
    """Make a role's group and give it exactly the permissions of the table; tells whether anything changed.

    Errors: KeyError for a role that is not in the table.
    """
    group, created = Group.objects.get_or_create(name=name)
    wanted = _permissions(ROLES[name])
    present = set(group.permissions.values_list("pk", flat=True))
    if wanted != present:
        group.permissions.set(wanted)
    return group, created or wanted != present


def follow_table(**_sent: Any) -> None:
    """Give the roles that are there the permissions of the table, after each `migrate`: a new version may add some.

    Shapes: each role that changes is an event; roles that are not there are not made.
    """
    for name in Group.objects.filter(name__in=ROLES).values_list("name", flat=True):
        with transaction.atomic():
            _group, changed = ensure_role(name)
            if changed:
                audit.record(
                    actor=Actor.system("migrate"),
                    verb=Verb.CONFIGURATION_CHANGED,
                    subject=("role", name),
                    change="permissions set",
                )


def _permissions(names: Collection[str]) -> set[int]:
    """Return the ids of permissions ("app.codename"). Errors: Permission.DoesNotExist."""
    wanted = {tuple(name.split(".", 1)) for name in names}
    rows = Permission.objects.filter(codename__in={codename for _app, codename in wanted})
    found = {
        (app, codename): pk
        for pk, app, codename in rows.values_list("pk", "content_type__app_label", "codename")
        if (app, codename) in wanted
    }
    if missing := wanted - set(found):
        raise Permission.DoesNotExist(f"There is no permission {sorted(missing)}.")
    return set(found.values())
