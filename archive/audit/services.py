"""Write events: in the transaction of the change they describe, or, for reads, committed before the first byte."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from archive.audit import merkle
from archive.audit.actor import Actor
from archive.audit.canonical import canonical
from archive.audit.ids import uuid7
from archive.audit.lines import clean
from archive.audit.models import Event, EventPrivate, LargeLeaf, LoadPart, ViewMark
from archive.audit.verbs import Group, Verb

LEAF_LIMIT_BYTES = 65_535
VIEW_SECONDS = 15 * 60


class HasSubject(Protocol):
    """Something that events can be about."""

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Return (kind, id)."""


Subject = HasSubject | tuple[str, str]


class OutsideTransactionError(RuntimeError):
    """An event was to be written outside of the transaction of its change."""


class InsideTransactionError(RuntimeError):
    """A read was to be recorded inside a transaction, where it would not be committed before the first byte leaves."""


def subject_of(subject: Subject) -> tuple[str, str]:
    """Return (kind, id) of what an event is about."""
    return subject if isinstance(subject, tuple) else subject.audit_subject


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event that is made and not yet written, with its private texts."""

    event: Event
    private: EventPrivate | None


def record(
    *,
    actor: Actor,
    verb: Verb,
    subject: Subject,
    outcome: str = Event.Outcome.DONE,
    reason: str = "",
    private: Mapping[str, str] | None = None,
    **details: Any,
) -> Event:
    """Record an event in the transaction that is open.

    Shapes: `details` are ids, counts, digests: no personal data. `private` texts go to an erasable row; the event holds
    an HMAC of each under a salt of its own. `reason` is a fixed sentence of ours, never what a person typed.
    Errors: OutsideTransactionError; ValueError for a verb that is not in the list; NotCanonicalError.
    Source: design.md "Audit"; requirements A-05, A-25, A-29.
    """
    _assert_inside(verb)
    prepared = prepare(
        actor=actor, verb=verb, subject=subject, outcome=outcome, reason=reason, private=private, **details
    )
    if prepared.private is not None:
        prepared.private.save(force_insert=True)
    prepared.event.save(force_insert=True)
    return prepared.event


def record_all(events: Sequence[Prepared]) -> None:
    """Record events of one verb or several in the transaction that is open, in their order, in a few statements.

    Errors: OutsideTransactionError.
    """
    if not events:
        return
    _assert_inside(events[0].event.verb)
    EventPrivate.objects.bulk_create(one.private for one in events if one.private is not None)
    Event.objects.bulk_create(one.event for one in events)


def prepare(
    *,
    actor: Actor,
    verb: Verb,
    subject: Subject,
    outcome: str = Event.Outcome.DONE,
    reason: str = "",
    private: Mapping[str, str] | None = None,
    **details: Any,
) -> Prepared:
    """Make an event without writing it: for `record_all`, where one change has hundreds.

    Shapes, errors: those of `record`. A leaf that is too large is kept beside at once. A read tells the call reference
    of its actor, as a private text.
    """
    verb = Verb(verb)
    if actor.call_reference and verb.group == Group.READS:
        private = {**(private or {}), "call_reference": actor.call_reference}
    kind, subject_id = subject_of(subject)
    event_id, at = uuid7(), timezone.now()
    body: dict[str, Any] = {
        "v": 1,
        "id": str(event_id),
        "at": instant(at),
        "actor": {"kind": actor.kind, "id": clean(actor.id), "name": clean(actor.name)},
        "verb": str(verb),
        "subject": {"kind": kind, "id": subject_id},
        "outcome": str(outcome),
        "software": settings.VERSION,
    }
    for key, value in (
        ("on_behalf_of", clean(actor.on_behalf_of)),
        ("address", clean(actor.address)),
        ("correlation", clean(actor.correlation_id)),
        ("reason", clean(reason)),
        ("details", {key: value for key, value in details.items() if value is not None}),
    ):
        if value:
            body[key] = value
    erasable = None
    if private:
        salt = os.urandom(32)
        body["private"] = {
            key: hmac.digest(salt, key.encode() + b"\x00" + text.encode(errors="surrogatepass"), "sha256").hex()
            for key, text in private.items()
        }
        erasable = EventPrivate(event_id=event_id, salt=salt, texts=dict(private))
    event = Event(
        event_id=event_id,
        at=at,
        actor_kind=actor.kind,
        actor_id=clean(actor.id)[:100],
        actor_name=clean(actor.name)[:150],
        verb=str(verb),
        subject_kind=kind,
        subject_id=subject_id,
        outcome=str(outcome),
        leaf=_leaf(body),
    )
    return Prepared(event, erasable)


def record_load_part(
    *,
    actor: Actor,
    load: Any,
    part: int,
    first_position: int,
    next_position: int,
    leaf_hashes: Sequence[bytes],
    counts: Mapping[str, int],
) -> Event:
    """Record what one ingest transaction archived: the Merkle root in the event, the leaf hashes beside it."""
    root = merkle.root(leaf_hashes)
    event = record(
        actor=actor,
        verb=Verb.LOAD_PART,
        subject=load,
        load=load.pk,
        part=part,
        first=first_position,
        next=next_position,
        leaves=len(leaf_hashes),
        root=root.hex(),
        counts=dict(counts),
    )
    LoadPart.objects.create(
        event_id=event.event_id,
        load_id=load.pk,
        number=part,
        first_position=first_position,
        next_position=next_position,
        root=root,
        leaves=merkle.join(leaf_hashes),
    )
    return event


def parts_root(load_id: int) -> bytes:
    """Return the Merkle root over the roots of a load's parts, in order: what `load.completed` commits to."""
    roots = LoadPart.objects.filter(load_id=load_id).order_by("number").values_list("root", flat=True)
    return merkle.root([merkle.leaf_hash(bytes(part)) for part in roots])


def record_read(
    *, actor: Actor, verb: Verb, subject: Subject, private: Mapping[str, str] | None = None, **details: Any
) -> Event:
    """Record a read in a transaction of its own, committed when this returns: call it before the first byte leaves.

    Errors: InsideTransactionError, since then nothing would be committed yet.
    """
    _assert_outside()
    with transaction.atomic():
        return record(actor=actor, verb=verb, subject=subject, private=private, **details)


def record_view(*, actor: Actor, verb: Verb, subject: Subject, part: str = "", **details: Any) -> bool:
    """Record a view once for each user, subject and part in a quarter of an hour; tell whether it was new.

    Shapes: another call is another reason to look, so it is another view.
    Errors: InsideTransactionError.
    """
    _assert_outside()
    kind, subject_id = subject_of(subject)
    marked = f"{subject_id}{f'-{part}' if part else ''}{f'.{actor.call_mark}' if actor.call_mark else ''}"
    slot = int(timezone.now().timestamp()) // VIEW_SECONDS
    known = ViewMark.objects.filter(actor_id=actor.id, subject_id=marked, verb=str(verb), slot=slot)
    if known.exists():
        return False
    try:
        with transaction.atomic():
            ViewMark.objects.create(actor_id=actor.id, subject_id=marked, verb=str(verb), slot=slot)
            record(actor=actor, verb=verb, subject=(kind, subject_id), part=part or None, **details)
    except IntegrityError:
        if known.exists():
            return False  # another request of the same user was first
        raise
    return True


def record_refusal(*, actor: Actor, verb: Verb, subject: Subject, reason: str, **details: Any) -> Event:
    """Record that something was refused, in a transaction of its own; the change itself is rolled back elsewhere."""
    with transaction.atomic():
        return record(actor=actor, verb=verb, subject=subject, outcome=Event.Outcome.REFUSED, reason=reason, **details)


def instant(at: datetime) -> str:
    """Write an instant as RFC 3339 UTC with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _leaf(body: dict[str, Any]) -> bytes:
    leaf = canonical(body)
    if len(leaf) <= LEAF_LIMIT_BYTES:
        return leaf
    digest = hashlib.sha256(leaf).hexdigest()
    LargeLeaf.objects.get_or_create(sha256=digest, defaults={"content": leaf})
    told = {key: value for key, value in body.items() if key not in ("details", "private")}
    return canonical({**told, "content_sha256": digest, "content_bytes": len(leaf)})


def read_leaf(event: Event) -> dict[str, Any]:
    """Return what an event says, from its leaf; of a large one, from where it lies."""
    body: dict[str, Any] = json.loads(bytes(event.leaf))
    if "content_sha256" in body:
        body = json.loads(bytes(LargeLeaf.objects.get(sha256=body["content_sha256"]).content))
    return body


def _assert_inside(verb: str) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransactionError(f"{verb} must be recorded in the transaction of its change.")


def _assert_outside() -> None:
    connection = transaction.get_connection()
    if connection.in_atomic_block and not getattr(settings, "READS_MAY_BE_RECORDED_INSIDE", False):
        raise InsideTransactionError("A read is recorded in a transaction of its own, before the first byte leaves.")
