"""The one way into the record: reader → records → identity → packs → rows → events.

A load reads chunks of records, decides what each is, writes the bytes of what is new into packs, and builds rows. When
the packs close they are durable; then their rows are committed, part by part, while the next packs are being written.
Source: design.md "Ingest".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from archive.audit.actor import Actor
from archive.audit.ids import uuid7_batch
from archive.batches.models import Batch, Load, LoadLogLine
from archive.documents.allocation import NumberAllocator
from archive.documents.names import member_name
from archive.documents.order_key import make_order_key
from archive.ingest.catalogue import Catalogue
from archive.ingest.collecting import rarely_collected
from archive.ingest.committer import Closed, Committer
from archive.ingest.content import Content, ContentReader
from archive.ingest.identity import Additional, Duplicate, Identity, Known, decide, missing_party
from archive.ingest.lookup import differing_fields, find_known
from archive.ingest.records import Draft, Problem, RawRecord, Source
from archive.ingest.rows import Part, RowBuilder, StoredVariant, decided, group_of, identity_of, retention_of
from archive.ingest.validate import Validator
from archive.storage.packing import PackSet

CHUNK_RECORDS = 250
CHUNK_BYTES = 16 * 1024 * 1024
PART_RECORDS = 500
ROWS_IN_MEMORY = 15_000
NOTES_KEPT = 1_000

Control = Callable[[Load], None]
"""Called between chunks, and within contents that are large; raises to pause or stop, or when the lease is lost."""


@dataclass(slots=True)
class _Incoming:
    """A record on its way: its draft and contents, or why it is set aside."""

    raw: RawRecord
    draft: Draft | None = None
    contents: list[Content] = field(default_factory=list)
    problem: Problem | None = None


_Told = tuple[Draft, Known, bool]
"""A record of what is known already: its draft, what is known, whether it is a duplicate (else it came late)."""


class Pipeline:
    """Runs one load from where it stands to its end.

    Errors: whatever `control` raises; StoreFullError and others of the store; LoadTakenError. In each case what was
    committed stays, and a further run goes on after it.
    """

    def __init__(self, *, load: Load, source: Source, catalogue: Catalogue, actor: Actor, control: Control) -> None:
        self.load = load
        self.source = source
        self.control = control
        self.validator = Validator(catalogue, producer_key=load.producer_key)
        self.rows = RowBuilder(load_id=load.pk, producer_id=load.producer_id, catalogue=catalogue)
        self.contents = ContentReader(source, alive=lambda: control(load))
        self.packs = PackSet(reference=str(load.public_id), expected_bytes=source.total_bytes)
        self.numbers = NumberAllocator()
        self.part = Part(next_record=load.next_record)
        self.parts: list[Part] = []
        self.pending: dict[Identity, Known] = {}
        self.pending_lock = threading.Lock()
        self.batch_ids: dict[str, int] = {}
        self.ids: list[UUID] = []
        self.salts: list[bytes] = []
        self.notes = 0
        self.untold = 0
        self.round = 0
        self.committer = Committer(load=load, actor=actor, catalogue=catalogue, committed=self._committed)

    def run(self) -> None:
        """Read to the end of the manifest; when it returns, all that was read is committed."""
        try:
            if self.packs.needs_rounds:
                self.committer.start()
            with rarely_collected():
                for chunk in self._chunks():
                    self._decide(chunk)
                    if self.packs.should_close() or self._rows_waiting() >= ROWS_IN_MEMORY:
                        self._close(last=False)
                    self.control(self.load)
                self._close(last=True)
                self.committer.finish()
                self._say_how_many_more()
            self.packs.drop_spare_keys()
        except BaseException:
            self.committer.abandon()
            self.packs.discard()
            raise

    # Reading

    def _chunks(self) -> Iterator[list[_Incoming]]:
        chunk: list[_Incoming] = []
        size = 0
        for raw in self.source.records(self.load.next_record):
            incoming = self._read(raw)
            chunk.append(incoming)
            size += sum(content.held_bytes for content in incoming.contents)
            if len(chunk) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _read(self, raw: RawRecord) -> _Incoming:
        if raw.problem is not None:
            return _Incoming(raw, problem=raw.problem)
        draft = self.validator.validate(raw)
        if isinstance(draft, Problem):
            return _Incoming(raw, problem=draft)
        contents: list[Content] = []
        for number, variant in enumerate(draft.variants):
            content = self.contents.read(variant, number)
            if isinstance(content, Problem):
                return _Incoming(raw, draft=draft, problem=content)
            contents.append(content)
        return _Incoming(raw, draft=draft, contents=contents)

    # Deciding

    def _decide(self, chunk: list[_Incoming]) -> None:
        known = self._known(chunk)
        self.ids = uuid7_batch(len(chunk))[::-1]
        self.salts = _salts(sum(max(1, len(incoming.draft.parties)) for incoming in chunk if incoming.draft))
        now = timezone.now().replace(tzinfo=None).isoformat(" ", "microseconds")
        told: list[_Told] = []
        for incoming in chunk:
            if self.part.first_record is None:
                self.part.first_record = incoming.raw.ordinal
            if (known_already := self._decide_one(incoming, known, now)) is not None:
                told.append(known_already)
            self.part.next_record = incoming.raw.ordinal + 1
            self.part.bytes_read += sum(content.size_bytes for content in incoming.contents)
            if self.part.records >= PART_RECORDS:
                self._next_part()
        self._report(told)

    def _known(self, chunk: list[_Incoming]) -> dict[Identity, Known]:
        identities = {
            identity_of(incoming.draft, self.load.producer_id)
            for incoming in chunk
            if incoming.draft is not None and incoming.problem is None
        }
        with self.pending_lock:
            known = {identity: self.pending[identity] for identity in identities if identity in self.pending}
        known.update(find_known(identities - known.keys()))
        return known

    def _decide_one(self, incoming: _Incoming, known: dict[Identity, Known], now: str) -> _Told | None:
        """Decide one record and build its rows; returns what is a duplicate or late."""
        draft, problem = incoming.draft, incoming.problem
        if draft is None or problem is not None:
            assert problem is not None
            self._set_aside(incoming, problem)
            return None
        identity = identity_of(draft, self.load.producer_id)
        digests = {content.draft.channel: content.sha256 for content in incoming.contents}
        outcome = decide(digests, known.get(identity))
        if isinstance(outcome, Problem):
            self._set_aside(incoming, outcome)
        elif isinstance(outcome, Duplicate):
            self.part.duplicates += 1
            return draft, outcome.known, True
        elif isinstance(outcome, Additional):
            if (nobody := missing_party(draft.variants, outcome)) is not None:
                self._set_aside(incoming, nobody)
                return None
            self._add_variants(incoming, draft, outcome, now)
            known[identity] = outcome.known
            return draft, outcome.known, False
        else:
            known[identity] = self._archive(incoming, draft, digests, identity, now)
        return None

    def _archive(
        self, incoming: _Incoming, draft: Draft, digests: dict[str, bytes], identity: Identity, now: str
    ) -> Known:
        public_id = self.ids.pop()
        order_key = make_order_key(draft.issued_on, self.numbers.take())
        salts = [self.salts.pop() for _ in range(max(1, len(draft.parties)))]
        stored = self._store(draft, incoming.contents, str(public_id), 1)
        self.part.decided.append(
            decided(
                draft,
                new=True,
                order_key=order_key,
                public_id=public_id,
                salts=salts,
                batch_id=self._batch_id(draft.batch),
                first_number=1,
                at=now,
                stored=stored,
            )
        )
        self.part.archived += 1
        numbers = {channel: number for number, channel in enumerate(digests, 1)}
        entry = Known(order_key, public_id, dict(digests), numbers, salts[0], self.round, len(draft.parties))
        with self.pending_lock:
            self.pending[identity] = entry
        return entry

    def _add_variants(self, incoming: _Incoming, draft: Draft, outcome: Additional, now: str) -> None:
        known = outcome.known
        contents = [content for content in incoming.contents if content.draft.channel in outcome.channels]
        stored = self._store(draft, contents, str(known.public_id), known.next_number)
        self.part.decided.append(
            decided(
                draft,
                new=False,
                order_key=known.order_key,
                public_id=known.public_id,
                salts=[known.salt],
                batch_id=self._batch_id(draft.batch),
                first_number=known.next_number,
                at=now,
                stored=stored,
            )
        )
        self.part.variants_added += 1
        for number, content in enumerate(contents, known.next_number):
            known.digests[content.draft.channel] = content.sha256
            known.numbers[content.draft.channel] = number
        with self.pending_lock:
            known.round = self.round
            self.pending[identity_of(draft, self.load.producer_id)] = known

    def _store(self, draft: Draft, contents: list[Content], public_id: str, first_number: int) -> list[StoredVariant]:
        group, until = group_of(draft), retention_of(draft).retain_until
        stored: list[StoredVariant] = []
        for number, content in enumerate(contents, first_number):
            place = self.packs.add(
                group,
                content.payload(),
                size_bytes=content.size_bytes,
                sha256=content.sha256,
                name=member_name(public_id, number, content.content_type),
                content_type=content.content_type,
                retain_until=until,
            )
            resources = self.contents.store_resources(content.draft, unit_id=draft.unit.id)
            stored.append(
                StoredVariant(
                    draft=content.draft,
                    content_type=content.content_type,
                    sha256=content.sha256,
                    size_bytes=content.size_bytes,
                    place=place.token,
                    offset=place.offset,
                    length=place.length,
                    blocks=place.blocks,
                    resources=resources,
                    viewing=self.contents.store_viewing(content.draft, unit_id=draft.unit.id),
                )
            )
        return stored

    def _set_aside(self, incoming: _Incoming, problem: Problem) -> None:
        raw, draft = incoming.raw, incoming.draft
        external_id = draft.external_id if draft else str((raw.data or {}).get("external_id") or "")
        self.rows.add_reject(
            self.part, ordinal=raw.ordinal, line=raw.line, external_id=external_id, problem=problem, raw=raw.raw
        )

    def _report(self, found: list[_Told]) -> None:
        """Note in the log, the first thousand, each duplicate, and what it or a late variant tells otherwise."""
        if not found or self.notes >= NOTES_KEPT:
            self.untold += sum(is_duplicate for _draft, _known, is_duplicate in found)
            return
        differing = differing_fields([(draft, known.order_key) for draft, known, _is_duplicate in found])
        for (draft, known, is_duplicate), otherwise in zip(found, differing, strict=True):
            if not (is_duplicate or otherwise):
                continue
            if self.notes >= NOTES_KEPT:
                self.untold += is_duplicate
                continue
            self.notes += 1
            what = "duplicate of" if is_duplicate else "late variant of"
            text = f"Line {draft.line}: {what} {known.public_id}."
            if otherwise:
                text += f" It says otherwise in {', '.join(otherwise)}; nothing was changed."
            self.part.notes.append(("info", text))

    def _say_how_many_more(self) -> None:
        if self.untold:
            text = f"And {self.untold} more duplicates, which are counted and not listed."
            LoadLogLine.objects.create(load=self.load, at=timezone.now(), level="info", text=text)

    def _batch_id(self, key: str) -> int | None:
        if not key:
            return None
        if key not in self.batch_ids:
            batch, _ = Batch.objects.get_or_create(
                producer_id=self.load.producer_id, key=key, defaults={"created_at": timezone.now()}
            )
            self.batch_ids[key] = batch.pk
        return self.batch_ids[key]

    # Committing

    def _rows_waiting(self) -> int:
        return sum(part.records for part in self.parts) + self.part.records

    def _next_part(self) -> None:
        if self.part.records:
            self.parts.append(self.part)
            self.part = Part(next_record=self.part.next_record)

    def _close(self, *, last: bool) -> None:
        """Hand over what was read since the last time: packs to be sealed, then rows to be committed."""
        self._next_part()
        if not self.parts:
            return
        packs = self.packs.close()
        with self.pending_lock:
            identities = [identity for identity, known in self.pending.items() if known.round == self.round]
        closed = Closed(packs, self.parts, identities, self.round)
        self.round += 1
        self.parts = []
        if last and not self.committer.started:
            self.committer.commit_here(closed)
        else:
            self.committer.put(closed)

    def _committed(self, closed: Closed) -> None:
        """Forget what can be looked up in the database from now on."""
        with self.pending_lock:
            for identity in closed.identities:
                known = self.pending.get(identity)
                if known is not None and known.round <= closed.round:
                    del self.pending[identity]


def _salts(count: int) -> list[bytes]:
    random = os.urandom(32 * count)
    return [random[start : start + 32] for start in range(0, 32 * count, 32)]
