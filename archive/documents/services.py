"""Changes beside the record: renumberings and notes. Records themselves come in by `archive.ingest` only."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.documents import notes
from archive.documents.models import BusinessUnit, Communication, Note, PartyAlias

PERMISSION = "archive.change_aliases"
ADD_NOTES_PERMISSION = "archive.add_notes"
LONGEST_NUMBER, LONGEST_SOURCE = 100, 200
SLICE_ALIASES = 500
"""How many renumberings are added in one transaction, at most."""


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
    """Add renumberings; those that are there already are left alone. Returns how many are new.

    Shapes: all are checked before the first is written. They go in by slices, a transaction each with its events, so
    that nobody waits long; what breaks off between two is finished by doing it again.
    Errors: PermissionDenied; AliasError names the first one that is wrong. Nothing is written then.
    """
    require(actor, PERMISSION)
    units = {unit.key: unit for unit in BusinessUnit.objects.all()}
    for number, alias in enumerate(aliases, 1):
        _check(number, alias, units)
    added = 0
    for at in range(0, len(aliases), SLICE_ALIASES):
        with transaction.atomic():
            added += _add(aliases[at : at + SLICE_ALIASES], units, actor)
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


def _check(number: int, alias: NewAlias, units: dict[str, BusinessUnit]) -> None:
    if alias.unit not in units:
        raise AliasError(f'Row {number}: no unit is called "{alias.unit}".')
    if alias.kind not in PartyAlias.Kind.values:
        raise AliasError(f'Row {number}: kind is "{alias.kind}". Use customer or account.')
    if not alias.old or not alias.new or alias.old == alias.new:
        raise AliasError(f"Row {number}: old and new must be two different numbers.")
    if max(len(alias.old), len(alias.new)) > LONGEST_NUMBER or len(alias.source) > LONGEST_SOURCE:
        raise AliasError(f"Row {number}: numbers have at most {LONGEST_NUMBER} characters, a source {LONGEST_SOURCE}.")


def _add(aliases: Sequence[NewAlias], units: dict[str, BusinessUnit], actor: Actor) -> int:
    """Add what is new of one slice, in the transaction that is open."""
    known = _known(aliases)
    new: dict[tuple[int, str, str, str], NewAlias] = {}
    for alias in aliases:
        pair = (units[alias.unit].pk, alias.kind, alias.old, alias.new)
        if pair not in known:
            new.setdefault(pair, alias)  # of two that are the same the first counts
    rows = PartyAlias.objects.bulk_create(_row(alias, units[alias.unit], actor) for alias in new.values())
    audit.record_all(
        [
            audit.prepare(
                actor=actor,
                verb=Verb.ALIAS_ADDED,
                subject=("alias", str(row.pk)),
                private={"old": alias.old, "new": alias.new, "reason": alias.reason},
                kind=alias.kind,
                unit=alias.unit,
            )
            for row, alias in zip(rows, new.values(), strict=True)
        ]
    )
    return len(rows)


def _known(aliases: Sequence[NewAlias]) -> set[tuple[int, str, str, str]]:
    """Return (unit id, kind, old, new) of what is there with these old numbers, by one query of the index on them."""
    wanted = Q()
    for kind in PartyAlias.Kind.values:
        wanted |= Q(kind=kind, old__in={alias.old for alias in aliases if alias.kind == kind})
    found = PartyAlias.objects.filter(wanted, undoes__isnull=True, undone_by__isnull=True)
    return set(found.values_list("unit_id", "kind", "old", "new"))


def _row(alias: NewAlias, unit: BusinessUnit, actor: Actor) -> PartyAlias:
    return PartyAlias(
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


def add_note(*, communication: Communication, text: str, actor: Actor) -> Note:
    """Add a note to a communication; nobody can change or remove it afterwards.

    Shapes: notes are numbered from 1 within their communication, under the writer's lock. The event tells number and
    length; what the note says stands in the note alone. What is refused is recorded as `note.refused`.
    Units: text has 1 to 4,000 characters once cleaned.
    Errors: PermissionDenied without `archive.add_notes`; EmptyNoteError; NoteTooLongError.
    Source: model.md §8 (a hold covers notes).
    """
    try:
        require(actor, ADD_NOTES_PERMISSION)
        body = notes.clean(text)
    except PermissionDenied:
        _refuse_note(communication, actor, "The user's roles do not allow this.")
        raise
    except notes.NoteError as error:
        _refuse_note(communication, actor, str(error))
        raise
    with transaction.atomic():
        there = Note.objects.filter(order_key=communication.order_key)
        note = Note.objects.create(
            order_key=communication.order_key,
            number=(there.aggregate(last=Max("number"))["last"] or 0) + 1,
            body=body,
            author=actor.user,
            author_name=actor.name,
            created_at=timezone.now(),
        )
        audit.record(actor=actor, verb=Verb.NOTE_ADDED, subject=communication, note=note.number, characters=len(body))
    return note


def _refuse_note(communication: Communication, actor: Actor, reason: str) -> None:
    audit.record_refusal(actor=actor, verb=Verb.NOTE_REFUSED, subject=communication, reason=reason)
