"""Rows of the record, built before the transaction: plain tuples in the order of the tables named here."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from archive.audit.merkle import leaf_hash
from archive.batches.models import Reject
from archive.documents.commitments import party_commitment, record_leaf
from archive.documents.models import (
    Channel,
    Communication,
    CommunicationLink,
    IngestKey,
    LateVariant,
    MultipleValue,
    Party,
    Person,
    PersonToken,
    Rendition,
    Variant,
    VariantResource,
)
from archive.documents.text import name_tokens, postcode_tokens
from archive.ingest.catalogue import Catalogue
from archive.ingest.identity import Identity
from archive.ingest.records import Draft, DraftParty, DraftVariant, Problem
from archive.ingest.table import Table
from archive.retention.rules import RetentionDecision, retain_until
from archive.storage.buckets import expiry_bucket
from archive.storage.packing import Group

CHANNEL_BITS = {str(channel): channel.bit for channel in Channel}

COMMUNICATION_COLUMNS = (
    "order_key public_id unit_id document_class_id class_version producer_id external_id load_id load_position "
    "batch_id run_sequence sequence archived_at customer_id account_number party_role subject language channels state "
    "restricted index_values extra asset_references retain_until schedule_version_id retention_trigger "
    "retention_trigger_on retention_cut_off_on"
).split()
VARIANT_COLUMNS = (
    "order_key number channel content_type size_bytes sha256 stored_object_id offset length encoding blocks load_id "
    "load_position batch_id added_at pages file_name queue queue_file producer_ref recipient_party resource_count "
    "source"
).split()
RENDITION_COLUMNS = (
    "order_key number purpose content_type size_bytes sha256 stored_object_id tool tool_version created_at load_id"
).split()
BATCH_COLUMN = COMMUNICATION_COLUMNS.index("batch_id")
OBJECT_COLUMN = VARIANT_COLUMNS.index("stored_object_id")
LOAD_COLUMN = VARIANT_COLUMNS.index("load_id")
"""The load's id, and after it the position in the load."""


class Tables:
    """The tables that a load writes to; of the typed slots only those that some class uses."""

    def __init__(self, slots: Sequence[str]) -> None:
        self.slots = tuple(slots)
        self.communication = Table(Communication, (*COMMUNICATION_COLUMNS, *slots))
        self.ingest_key = Table(IngestKey, ("unit_id", "producer_id", "external_id", "public_id", "order_key"))
        self.variant = Table(Variant, VARIANT_COLUMNS)
        self.late_variant = Table(LateVariant, ("load_id", "load_position", "number", "order_key"))
        self.person = Table(Person, ("order_key", "number", "salt", "name", "postcode", "address", "details"))
        self.person_token = Table(PersonToken, ("token", "order_key", "number"))
        self.party = Table(Party, ("order_key", "number", "role", "customer_id"))
        self.multiple_value = Table(MultipleValue, ("field_id", "value", "order_key"))
        self.resource = Table(VariantResource, ("order_key", "number", "position", "name", "stored_object_id"))
        self.rendition = Table(Rendition, RENDITION_COLUMNS)
        self.link = Table(
            CommunicationLink,
            ("from_key", "kind", "to_unit_id", "to_producer_id", "to_external_id", "reason", "created_at"),
        )
        self.reject = Table(Reject, ("load_id", "record", "line", "external_id", "field", "code", "reason", "raw"))


@dataclass(slots=True)
class StoredVariant:
    """A variant whose bytes lie in a pack or object; `place` is the token of a pack that has no row yet.

    Shapes: `viewing` is the rendition that came with it: (stored object id, size in bytes, SHA-256).
    """

    draft: DraftVariant
    content_type: str
    sha256: bytes
    size_bytes: int
    place: int
    offset: int
    length: int
    blocks: bytes | None
    resources: list[tuple[str, int]]
    viewing: tuple[int, int, bytes] | None = None


@dataclass(slots=True, frozen=True)
class Origin:
    """Where a communication's rows come from, in case it must be set aside after all."""

    ordinal: int
    line: int
    external_id: str
    raw: bytes
    digests: dict[str, bytes]


Decided = tuple[Any, ...]
"""A new communication or late variants, as plain values for a pipe: see `decided` and `RowBuilder.build`."""

_DRAFT = attrgetter(
    *"ordinal line raw producer_key external_id unit.key document_class.key batch run_sequence sequence subject "
    "language customer_id account_number slots index_values multiple extra assets replaces".split()
)
_PARTY = attrgetter(*(field.name for field in dataclasses.fields(DraftParty)))
_VARIANT = attrgetter(*(field.name for field in dataclasses.fields(DraftVariant)))


def decided(
    draft: Draft,
    *,
    new: bool,
    order_key: int,
    public_id: UUID,
    salts: Sequence[bytes],
    batch_id: int | None,
    first_number: int,
    at: str,
    stored: Sequence[StoredVariant],
) -> Decided:
    """Return what was decided on a record; its rows are built where the part is committed, which has the time for it.

    Shapes: one salt for each party, at least one, the first is the record's; `first_number` is that of the first
    variant stored; slots hold text, numbers and days.
    """
    return (
        new,
        order_key,
        public_id.bytes,
        salts,
        batch_id,
        first_number,
        at,
        draft.issued_on.toordinal(),
        _DRAFT(draft),
        [_PARTY(party) for party in draft.parties],
        [
            (
                _VARIANT(item.draft),
                item.content_type,
                item.sha256,
                item.size_bytes,
                item.place,
                item.offset,
                item.length,
                item.blocks,
                item.resources,
                item.viewing,
            )
            for item in stored
        ],
    )


@dataclass(slots=True)
class Part:
    """What one transaction writes: the rows of consecutive records, whole communications only.

    Shapes: the first fields are filled where records are read; `RowBuilder.build` makes the rows of them. The rows of
    one communication all begin with its order key (links and keys carry it too), so that a communication that another
    load brought in meanwhile can be taken out. `next_record` is the ordinal after the last.
    """

    next_record: int = 0
    first_record: int | None = None
    decided: list[Decided] = field(default_factory=list)
    rejects: list[tuple[Any, ...]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    archived: int = 0
    variants_added: int = 0
    duplicates: int = 0
    rejected: int = 0
    bytes_read: int = 0
    communications: list[tuple[Any, ...]] = field(default_factory=list)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    variants: list[tuple[Any, ...]] = field(default_factory=list)
    persons: list[tuple[Any, ...]] = field(default_factory=list)
    tokens: list[tuple[Any, ...]] = field(default_factory=list)
    parties: list[tuple[Any, ...]] = field(default_factory=list)
    multiples: list[tuple[Any, ...]] = field(default_factory=list)
    resources: list[tuple[Any, ...]] = field(default_factory=list)
    renditions: list[tuple[Any, ...]] = field(default_factory=list)
    links: list[tuple[Any, ...]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    leaf_keys: list[int] = field(default_factory=list)
    additions: list[tuple[int, str, int]] = field(default_factory=list)
    recipients: list[tuple[int, int, str]] = field(default_factory=list)
    origins: dict[int, Origin] = field(default_factory=dict)
    bytes_stored: int = 0

    def to_plain(self) -> tuple[Any, ...]:
        """Return what was decided as lists, tuples and plain values only, for a pipe to another process."""
        return tuple(getattr(self, name) for name in _READ)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Part:
        """Return a part from what `to_plain` made."""
        return cls(*plain)

    @property
    def records(self) -> int:
        """Return how many records were decided."""
        return self.archived + self.variants_added + self.duplicates + self.rejected


_READ = tuple(field.name for field in dataclasses.fields(Part))[:10]


@lru_cache(maxsize=4096)
def _retention(issued_on: datetime.date, years: int, cut_off: str, fiscal_year_end: str) -> RetentionDecision:
    return retain_until(issued_on, years=years, cut_off=cut_off, fiscal_year_end=fiscal_year_end)


def retention_of(draft: Draft) -> RetentionDecision:
    """Compute until when a draft is kept, by its class's schedule."""
    schedule = draft.document_class.schedule
    assert schedule is not None, "validated: a class without a schedule takes nothing in"
    return _retention(draft.issued_on, schedule.years, schedule.cut_off, draft.unit.fiscal_year_end)


def _json(value: Any) -> str | None:
    """Return what a JSON column stores, or nothing for what is empty."""
    return orjson.dumps(value).decode() if value else None


class RowBuilder:
    """Builds the rows of one load.

    Shapes: `catalogue` is the one that its records were checked against.
    """

    def __init__(self, *, load_id: int, producer_id: int, catalogue: Catalogue) -> None:
        self.load_id = load_id
        self.producer_id = producer_id
        self.slots = catalogue.slots
        self._units = catalogue.units
        self._classes = catalogue.classes

    def build(self, part: Part) -> None:
        """Make the rows and leaves of what was decided."""
        for new, order_key, raw_id, salts, batch_id, first_number, at, day, facts, parties, items in part.decided:
            public_id = UUID(bytes=raw_id)
            stored = [StoredVariant(DraftVariant(*variant), *rest) for variant, *rest in items]
            draft = self._draft(day, facts, parties, stored)
            part.origins[order_key] = Origin(
                draft.ordinal,
                draft.line,
                draft.external_id,
                draft.raw,
                {item.draft.channel: item.sha256 for item in stored},
            )
            if new:
                self._add_communication(part, draft, order_key, public_id, salts, batch_id, stored, at)
            else:
                self._add_late(part, draft, order_key, public_id, salts[0], batch_id, stored, first_number, at)
        part.decided = []

    def _draft(self, day: int, facts: Sequence[Any], parties: Sequence[Any], stored: Sequence[StoredVariant]) -> Draft:
        ordinal, line, raw, producer_key, external_id, unit_key, class_key, batch, *rest = facts
        run_sequence, sequence, subject, language, customer_id, account_number, *values = rest
        return Draft(
            ordinal,
            line,
            raw,
            producer_key,
            external_id,
            self._units[unit_key],
            self._classes[class_key],
            datetime.date.fromordinal(day),
            batch,
            run_sequence,
            sequence,
            subject,
            language,
            customer_id,
            account_number,
            [DraftParty(*party) for party in parties],
            [item.draft for item in stored],
            *values,
        )

    def _add_communication(
        self,
        part: Part,
        draft: Draft,
        order_key: int,
        public_id: UUID,
        salts: Sequence[bytes],
        batch_id: int | None,
        stored: Sequence[StoredVariant],
        archived_at: str,
    ) -> None:
        document_class = draft.document_class
        retention = retention_of(draft)
        schedule = document_class.schedule
        assert schedule is not None
        first = draft.parties[0] if draft.parties else None
        index_text, extra_text, assets_text = _json(draft.index_values), _json(draft.extra), _json(draft.assets)
        channels = 0
        for variant in draft.variants:
            channels |= CHANNEL_BITS[variant.channel]
        cut_off_on, until = retention.cut_off_on.isoformat(), retention.retain_until.isoformat()
        trigger_on = retention.trigger_on.isoformat()
        slot_values = [draft.slots.get(slot) for slot in self.slots]
        part.communications.append(
            (
                order_key,
                public_id.bytes,
                draft.unit.id,
                document_class.id,
                document_class.version,
                self.producer_id,
                draft.external_id,
                self.load_id,
                draft.ordinal,
                batch_id,
                draft.run_sequence,
                draft.sequence,
                archived_at,
                draft.customer_id,
                draft.account_number,
                first.role if first else "",
                draft.subject,
                draft.language,
                channels,
                "current",
                0,
                index_text,
                extra_text,
                assets_text,
                until,
                schedule.version_id,
                retention.trigger,
                trigger_on,
                cut_off_on,
                *slot_values,
            )
        )
        part.keys.append((draft.unit.id, self.producer_id, draft.external_id, public_id.bytes, order_key))
        self._add_parties(part, draft, order_key, salts)
        for field_id, value in draft.multiple:
            part.multiples.append((field_id, value, order_key))
        self._add_links(part, draft, order_key, archived_at)
        self._add_variants(part, draft, order_key, stored, first_number=1, batch_id=batch_id, at=archived_at)
        facts = {
            "account_number": draft.account_number,
            "archived_at": archived_at,
            "assets": assets_text or "",
            "class": document_class.key,
            "class_version": document_class.version,
            "customer_id": draft.customer_id,
            "external_id": draft.external_id,
            "extra": extra_text or "",
            "index": index_text or "",
            "issued_on": draft.issued_on.isoformat(),
            "language": draft.language,
            "position": draft.ordinal,
            "producer": draft.producer_key,
            "retain_until": until,
            "retention_cut_off_on": cut_off_on,
            "retention_trigger": retention.trigger,
            "retention_trigger_on": trigger_on,
            "schedule_version": schedule.version_id,
            "subject": draft.subject,
            "unit": draft.unit.key,
        }
        parties = [
            (
                salt,
                {
                    "address": party.address,
                    "customer_id": party.customer_id,
                    "name": party.name,
                    "postcode": party.postcode,
                    "role": party.role,
                },
            )
            for salt, party in zip(salts, draft.parties, strict=False)
        ]
        self._add_leaf(part, public_id, order_key, salts[0], facts, stored, first_number=1, parties=parties)

    def _add_late(
        self,
        part: Part,
        draft: Draft,
        order_key: int,
        public_id: UUID,
        salt: bytes,
        batch_id: int | None,
        stored: Sequence[StoredVariant],
        first_number: int,
        at: str,
    ) -> None:
        """Add late variants to a communication that is archived, with a leaf of their own."""
        self._add_variants(part, draft, order_key, stored, first_number=first_number, batch_id=batch_id, at=at)
        facts = {"added_at": at, "position": draft.ordinal}
        self._add_leaf(part, public_id, order_key, salt, facts, stored, first_number=first_number)
        bits = 0
        for variant in stored:
            bits |= CHANNEL_BITS[variant.draft.channel]
        part.additions.append((order_key, str(public_id), bits))
        for number, variant in enumerate(stored, first_number):
            if variant.draft.recipient_address:
                part.recipients.append((order_key, number, variant.draft.recipient_address))

    def add_reject(
        self, part: Part, *, ordinal: int, line: int, external_id: str, problem: Problem, raw: bytes
    ) -> None:
        """Set a record aside with its reason and its line as it came."""
        part.rejects.append(
            (
                self.load_id,
                ordinal,
                line,
                external_id[:200],
                problem.field[:200],
                problem.code[:50],
                problem.reason,
                raw,
            )
        )
        part.rejected += 1

    def _add_parties(self, part: Part, draft: Draft, order_key: int, salts: Sequence[bytes]) -> None:
        addresses = {
            str(number): variant.recipient_address
            for number, variant in enumerate(draft.variants, 1)
            if variant.recipient_address
        }
        for number, party in enumerate(draft.parties):
            details: dict[str, Any] = dict(party.details or {})
            if number == 0 and addresses:
                details["recipients"] = addresses
            part.persons.append(
                (order_key, number, salts[number], party.name, party.postcode, party.address, _json(details))
            )
            for token in dict.fromkeys((*name_tokens(party.name), *postcode_tokens(party.postcode))):
                part.tokens.append((token, order_key, number))
            if number:
                part.parties.append((order_key, number, party.role, party.customer_id))
        if not draft.parties:
            details = {"recipients": addresses} if addresses else {}
            part.persons.append((order_key, 0, salts[0], "", "", "", _json(details)))

    def _add_links(self, part: Part, draft: Draft, order_key: int, at: str) -> None:
        if draft.replaces:
            external_id, reason = draft.replaces
            part.links.append((order_key, "supersedes", draft.unit.id, self.producer_id, external_id, reason, at))

    def _add_variants(
        self,
        part: Part,
        draft: Draft,
        order_key: int,
        stored: Sequence[StoredVariant],
        *,
        first_number: int,
        batch_id: int | None,
        at: str,
    ) -> None:
        for number, item in enumerate(stored, first_number):
            variant = item.draft
            source = None
            if variant.file and (variant.offset or variant.length is not None):
                source = _json({"file": variant.file, "offset": variant.offset, "length": item.size_bytes})
            part.variants.append(
                (
                    order_key,
                    number,
                    variant.channel,
                    item.content_type,
                    item.size_bytes,
                    item.sha256,
                    item.place,
                    item.offset,
                    item.length,
                    "identity",
                    item.blocks,
                    self.load_id,
                    draft.ordinal,
                    batch_id,
                    at,
                    variant.pages,
                    (variant.file or "").rpartition("/")[2],
                    variant.queue,
                    variant.queue_file,
                    variant.producer_ref,
                    variant.recipient_party,
                    len(item.resources),
                    source,
                )
            )
            for position, (name, object_id) in enumerate(item.resources):
                part.resources.append((order_key, number, position, name, object_id))
            if item.viewing is not None and variant.viewing is not None:
                object_id, size_bytes, sha256 = item.viewing
                _file, content_type, tool, version = variant.viewing
                part.renditions.append(
                    (
                        order_key,
                        number,
                        str(Rendition.Purpose.VIEWING),
                        content_type,
                        size_bytes,
                        sha256,
                        object_id,
                        tool,
                        version,
                        at,
                        self.load_id,
                    )
                )
            part.bytes_stored += item.size_bytes

    def _add_leaf(
        self,
        part: Part,
        public_id: UUID,
        order_key: int,
        salt: bytes,
        facts: dict[str, Any],
        stored: Sequence[StoredVariant],
        *,
        first_number: int,
        parties: list[tuple[bytes, dict[str, str]]] | None = None,
    ) -> None:
        variants = [
            (number, item.draft.channel, item.size_bytes, item.sha256.hex())
            if item.viewing is None
            else (number, item.draft.channel, item.size_bytes, item.sha256.hex(), item.viewing[2].hex())
            for number, item in enumerate(stored, first_number)
        ]
        if parties is not None:
            facts["parties"] = [
                party_commitment(salt=own, number=number, facts=told) for number, (own, told) in enumerate(parties)
            ]
        leaf = record_leaf(public_id=public_id, load_id=self.load_id, salt=salt, fields=facts, variants=variants)
        part.leaves.append(leaf_hash(leaf))
        part.leaf_keys.append(order_key)


def group_of(draft: Draft) -> Group:
    """Return the pack group of a draft: unit, class, lock mode and expiry bucket."""
    document_class = draft.document_class
    until = retention_of(draft).retain_until
    return (draft.unit.id, document_class.id, document_class.lock_mode, _bucket(until, document_class.bucket))


@lru_cache(maxsize=4096)
def _bucket(until: datetime.date, granularity: str) -> str:
    return expiry_bucket(until, granularity)


def identity_of(draft: Draft, producer_id: int) -> Identity:
    """Return the identity of a draft."""
    return (draft.unit.id, producer_id, draft.external_id)
