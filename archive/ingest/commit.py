"""One transaction of a load: rows, leaves, event, counts and the point to resume from, all or nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.batches.models import Load, LoadBatch, LoadLogLine
from archive.documents.models import Communication, Person, Variant
from archive.ingest.identity import Duplicate, decide
from archive.ingest.lookup import find_known
from archive.ingest.records import Problem
from archive.ingest.replacing import resolve
from archive.ingest.rows import BATCH_COLUMN, LOAD_COLUMN, OBJECT_COLUMN, Origin, Part, RowBuilder, Tables
from archive.ingest.table import Change
from archive.storage.packing import SealedPack, register_sealed

_BY_ORDER_KEY = "communications variants persons parties resources renditions links additions recipients".split()
"""Rows of a part that begin with the order key of their communication."""


class LoadTakenError(Exception):
    """The load's row was taken over by another worker, or stopped, since this one last looked."""


class PartWriter:
    """Writes the parts of one load in order, each in a transaction of its own.

    Errors: LoadTakenError when the row has gone on without us: nothing of the part is written then.
    """

    def __init__(self, *, load: Load, tables: Tables, actor: Actor, rows: RowBuilder) -> None:
        self.load = load
        self.tables = tables
        self.actor = actor
        self.rows = rows
        self._object_ids: dict[int, int] = {}
        self._taken_out: set[int] = set()
        self._parts = load.parts  # counted here: the row object may be refreshed by another thread

    def write(self, part: Part, *, sealed: Sequence[SealedPack], seconds: float) -> None:
        """Write one part; `sealed` are the packs that were closed before it and are not registered yet."""
        self.rows.build(part)
        with transaction.atomic():
            if sealed:
                self._object_ids = register_sealed(sealed)
            self._leave_out_what_came_meanwhile(part)
            self._insert(part)
            resolve(part, actor=self.actor, load_id=self.load.pk)
            self._record(part)
            self._count(part, seconds)

    def _leave_out_what_came_meanwhile(self, part: Part) -> None:
        identities = {(row[0], row[1], row[2]): row[4] for row in part.keys}
        present = find_known(identities) if identities else {}
        for identity, known in present.items():
            order_key = identities[identity]
            origin = part.origins[order_key]
            _take_out(part, {order_key})
            self._taken_out.add(order_key)
            outcome = decide(origin.digests, known)
            if isinstance(outcome, Duplicate):
                part.duplicates += 1
                continue
            problem = outcome if isinstance(outcome, Problem) else _came_at_once()
            self._set_aside(part, origin, problem)
        self._leave_out_variants_that_came_meanwhile(part)

    def _leave_out_variants_that_came_meanwhile(self, part: Part) -> None:
        fresh = {row[0] for row in part.communications}
        late = {row[0]: row[1] for row in reversed(part.variants) if row[0] not in fresh}
        if not late:
            return
        taken = Variant.objects.filter(order_key__in=late).values_list("order_key", "number")
        clashing = {order_key for order_key, number in taken if number >= late[order_key]}
        clashing |= self._taken_out & set(late)
        for order_key in clashing:
            origin = part.origins[order_key]
            _take_out(part, {order_key})
            self._set_aside(part, origin, _came_at_once())

    def _set_aside(self, part: Part, origin: Origin, problem: Problem) -> None:
        self.rows.add_reject(
            part,
            ordinal=origin.ordinal,
            line=origin.line,
            external_id=origin.external_id,
            problem=problem,
            raw=origin.raw,
        )

    def _insert(self, part: Part) -> None:
        tables, ids = self.tables, self._object_ids
        at, after = OBJECT_COLUMN, OBJECT_COLUMN + 1
        tables.communication.insert(part.communications)
        tables.ingest_key.insert(part.keys)
        tables.variant.insert([(*row[:at], ids.get(row[at], row[at]), *row[after:]) for row in part.variants])
        tables.person.insert(part.persons)
        tables.person_token.insert(part.tokens)
        tables.party.insert(part.parties)
        tables.multiple_value.insert(part.multiples)
        tables.resource.insert(part.resources)
        if part.renditions:
            tables.rendition.insert(part.renditions)
        tables.link.insert(part.links)
        tables.reject.insert(part.rejects)
        for order_key, _, bits in part.additions:
            Communication.objects.filter(pk=order_key).update(channels=F("channels").bitor(bits))
        _add_recipients(part.recipients)
        if part.additions:
            tables.late_variant.insert(_late_variants(part))

    def _record(self, part: Part) -> None:
        self._parts += 1
        audit.record_load_part(
            actor=self.actor,
            load=self.load,
            part=self._parts,
            first_position=part.first_record or 0,
            next_position=part.next_record,
            leaf_hashes=part.leaves,
            counts={
                "archived": part.archived,
                "variants_added": part.variants_added,
                "duplicates": part.duplicates,
                "rejected": part.rejected,
            },
        )

    def _count(self, part: Part, seconds: float) -> None:
        changed = Load.objects.filter(pk=self.load.pk, parts=self._parts - 1).update(
            parts=self._parts,
            next_record=part.next_record,
            archived=F("archived") + part.archived,
            variants_added=F("variants_added") + part.variants_added,
            duplicates=F("duplicates") + part.duplicates,
            rejected=F("rejected") + part.rejected,
            bytes_read=F("bytes_read") + part.bytes_read,
            bytes_stored=F("bytes_stored") + part.bytes_stored,
            seconds=F("seconds") + seconds,
        )
        if not changed:
            raise LoadTakenError(f"Load {self.load} was taken over by another worker; this one ends.")
        now = timezone.now()
        LoadLogLine.objects.bulk_create(
            LoadLogLine(load=self.load, at=now, level=level, text=text) for level, text in part.notes
        )
        _count_batches(self.load, Counter(row[BATCH_COLUMN] for row in part.communications))


def _count_batches(load: Load, batches: Mapping[int | None, int]) -> None:
    for batch_id, count in batches.items():
        if batch_id is None:
            continue
        changed = LoadBatch.objects.filter(load=load, batch_id=batch_id).update(
            communications=F("communications") + count
        )
        if not changed:
            LoadBatch.objects.create(load=load, batch_id=batch_id, communications=count)


def _late_variants(part: Part) -> list[tuple[int, ...]]:
    """Return where each variant that came later than its communication stands in its own load."""
    late = {row[0] for row in part.additions}
    return [(row[LOAD_COLUMN], row[LOAD_COLUMN + 1], row[1], row[0]) for row in part.variants if row[0] in late]


def _add_recipients(recipients: Sequence[tuple[int, int, str]]) -> None:
    """Put the addresses to which late variants went into the erasable rows of their communications."""
    if not recipients:
        return
    rows = Person.objects.filter(order_key__in={row[0] for row in recipients}, number=0)
    found = {order_key: details or {} for order_key, details in rows.values_list("order_key", "details")}
    for order_key, number, address in recipients:
        found[order_key].setdefault("recipients", {})[str(number)] = address
    changed = [(json.dumps(details, ensure_ascii=False), order_key, 0) for order_key, details in found.items()]
    Change(Person, ["details"], ["order_key", "number"]).apply(changed)


def _take_out(part: Part, order_keys: Collection[int]) -> None:
    """Remove the rows and leaves of some communications, and uncount them."""
    fresh = sum(row[0] in order_keys for row in part.communications)
    part.archived -= fresh
    part.variants_added -= len(order_keys) - fresh
    part.bytes_stored -= sum(row[4] for row in part.variants if row[0] in order_keys)
    for name in _BY_ORDER_KEY:
        setattr(part, name, [row for row in getattr(part, name) if row[0] not in order_keys])
    part.tokens = [row for row in part.tokens if row[1] not in order_keys]
    part.multiples = [row for row in part.multiples if row[2] not in order_keys]
    part.keys = [row for row in part.keys if row[4] not in order_keys]
    kept = [index for index, key in enumerate(part.leaf_keys) if key not in order_keys]
    part.leaves = [part.leaves[index] for index in kept]
    part.leaf_keys = [part.leaf_keys[index] for index in kept]


def _came_at_once() -> Problem:
    return Problem(
        code="at_once",
        field="external_id",
        reason="Another load archived this external_id at the same moment. Submit the record again.",
    )
