"""Links of a part: to what is archived, and those that waited for a record of it; what is replaced says so.

A constant number of queries for each part, whatever the number of links: a batch of corrections links every record.
Source: model.md §1 "Identity, corrections, late variants".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.documents.models import Communication, CommunicationLink, IngestKey
from archive.ingest.identity import Identity
from archive.ingest.rows import Part
from archive.ingest.table import Change

AT_ONCE = 500
Target = tuple[int, UUID]
"""(order key, public id) of what a link leads to."""


def resolve(part: Part, *, actor: Actor, load_id: int) -> None:
    """Resolve the links that a part has or was waited for by, in the transaction in which its rows were inserted."""
    waiting = CommunicationLink.objects.filter(to_key__isnull=True)
    if part.links:
        ours = list(waiting.filter(from_key__in=[row[0] for row in part.links]))
        _lead(ours, _targets(_identity(link) for link in ours), part, actor, load_id)
    if part.keys and waiting.exists():
        targets = {(row[0], row[1], row[2]): (row[4], UUID(bytes=row[3])) for row in part.keys}
        waited = _waiting_for(waiting, targets)
        for start in range(0, len(waited), AT_ONCE):  # any number may wait for one record
            _lead(waited[start : start + AT_ONCE], targets, part, actor, load_id)


def _waiting_for(waiting: QuerySet[CommunicationLink], identities: Iterable[Identity]) -> list[CommunicationLink]:
    found: list[CommunicationLink] = []
    for (unit_id, producer_id), external_ids in _by_owner(identities).items():
        found += waiting.filter(
            to_unit_id=unit_id, to_producer_id=producer_id, to_external_id__in=external_ids
        ).order_by("pk")
    return found


def _targets(identities: Iterable[Identity]) -> dict[Identity, Target]:
    found: dict[Identity, Target] = {}
    for (unit_id, producer_id), external_ids in _by_owner(identities).items():
        keys = IngestKey.objects.filter(unit_id=unit_id, producer_id=producer_id, external_id__in=external_ids)
        for external_id, order_key, public_id in keys.values_list("external_id", "order_key", "public_id"):
            found[unit_id, producer_id, external_id] = (order_key, public_id)
    return found


def _by_owner(identities: Iterable[Identity]) -> dict[tuple[int, int], list[str]]:
    by_owner: dict[tuple[int, int], list[str]] = defaultdict(list)
    for unit_id, producer_id, external_id in dict.fromkeys(identities):
        by_owner[unit_id, producer_id].append(external_id)
    return by_owner


def _identity(link: CommunicationLink) -> Identity:
    return (link.to_unit_id, link.to_producer_id, link.to_external_id)


def _lead(
    links: Sequence[CommunicationLink], targets: dict[Identity, Target], part: Part, actor: Actor, load_id: int
) -> None:
    """Let links lead to their targets; those whose target is not there go on waiting."""
    led = [(link, targets[_identity(link)]) for link in links if _identity(link) in targets]
    if not led:
        return
    Change(CommunicationLink, ["to_key"], ["id"]).apply([(target[0], link.pk) for link, target in led])
    replaced = [(link, target) for link, target in led if link.kind == CommunicationLink.Kind.SUPERSEDES]
    Change(Communication, ["state"], ["order_key"]).apply(
        [(Communication.State.SUPERSEDED.value, order_key) for _link, (order_key, _id) in replaced]
    )
    successors = _successors([link.from_key for link, _target in replaced], part)
    audit.record_all(
        [
            audit.prepare(
                actor=actor,
                verb=Verb.COMMUNICATION_SUPERSEDED,
                subject=("communication", str(public_id)),
                private={"reason": link.reason} if link.reason else None,
                by=str(successors[link.from_key]),
                load=load_id,
            )
            for link, (_order_key, public_id) in replaced
        ]
    )


def _successors(order_keys: Sequence[int], part: Part) -> dict[int, UUID]:
    """Return the public ids of what replaces: of this part, or archived before."""
    wanted = set(order_keys)
    found = {row[0]: UUID(bytes=row[1]) for row in part.communications if row[0] in wanted}
    if wanted - found.keys():
        rows = Communication.objects.filter(pk__in=wanted - found.keys())
        found.update(rows.values_list("order_key", "public_id"))
    return found
