"""Changes to what the record is found by: renumberings. Records themselves come in by `archive.ingest` only."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.documents.models import BusinessUnit, PartyAlias

PERMISSION = "archive.change_aliases"
LONGEST_NUMBER, LONGEST_SOURCE = 100, 200


class AliasError(ValueError):
    """A renumbering cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class NewAlias:
    """A customer or account that got another number."""

    unit: str
    kind: str
    old: str
    new: str
    source: str
    reason: str = ""
    valid_from: datetime.date | None = None


def add_aliases(aliases: Sequence[NewAlias], *, actor: Actor) -> int:
    """Add renumberings, all or none; those that are there already are left alone. Returns how many are new.

    Errors: PermissionDenied; AliasError names the first one that is wrong.
    """
    require(actor, PERMISSION)
    units = {unit.key: unit for unit in BusinessUnit.objects.all()}
    added = 0
    with transaction.atomic():
        for number, alias in enumerate(aliases, 1):
            added += _add(number, alias, units, actor)
    return added


def undo_alias(alias: PartyAlias, *, actor: Actor) -> PartyAlias:
    """Undo a renumbering by a further row: both stay, neither counts any more.

    Errors: PermissionDenied; AliasError when it is undone already, or is itself an undoing.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        if alias.undoes_id is not None or PartyAlias.objects.filter(undoes=alias).exists():
            raise AliasError("This renumbering is undone already.")
        row = PartyAlias.objects.create(
            unit=alias.unit,
            kind=alias.kind,
            old=alias.old,
            new=alias.new,
            source=actor.name,
            undoes=alias,
            created_at=timezone.now(),
            created_by=actor.user,
        )
        audit.record(actor=actor, verb=Verb.ALIAS_UNDONE, subject=("alias", str(alias.pk)), by=row.pk)
    return row


def _add(number: int, alias: NewAlias, units: dict[str, BusinessUnit], actor: Actor) -> int:
    unit = units.get(alias.unit)
    if unit is None:
        raise AliasError(f'Row {number}: no unit is called "{alias.unit}".')
    if alias.kind not in PartyAlias.Kind.values:
        raise AliasError(f'Row {number}: kind is "{alias.kind}". Use customer or account.')
    if not alias.old or not alias.new or alias.old == alias.new:
        raise AliasError(f"Row {number}: old and new must be two different numbers.")
    if max(len(alias.old), len(alias.new)) > LONGEST_NUMBER or len(alias.source) > LONGEST_SOURCE:
        raise AliasError(f"Row {number}: numbers have at most {LONGEST_NUMBER} characters, a source {LONGEST_SOURCE}.")
    present = PartyAlias.objects.filter(
        unit=unit, kind=alias.kind, old=alias.old, new=alias.new, undoes__isnull=True, undone_by__isnull=True
    )
    if present.exists():
        return 0
    row = PartyAlias.objects.create(
        unit=unit,
        kind=alias.kind,
        old=alias.old,
        new=alias.new,
        valid_from=alias.valid_from,
        source=alias.source,
        reason=alias.reason,
        created_at=timezone.now(),
        created_by=actor.user,
    )
    audit.record(
        actor=actor,
        verb=Verb.ALIAS_ADDED,
        subject=("alias", str(row.pk)),
        private={"old": alias.old, "new": alias.new, "reason": alias.reason},
        kind=alias.kind,
        unit=unit.key,
    )
    return 1
