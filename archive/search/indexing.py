"""Index what waits: loads in their order, records by their position, texts by the pool, one transaction a chunk.

How far a load is done stands in the index itself, in the transaction of its words, so whatever breaks off goes on where
it was, and an index that is lost is built again from the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from archive.batches.models import Load
from archive.documents.locators import locator_of
from archive.documents.models import Communication, LateVariant, Variant
from archive.formats.extracted import TEXT, TOO_LARGE, Extracted
from archive.search.extraction.pool import LARGEST_BYTES, ExtractionPool, Job
from archive.search.waiting import count_waiting_variants, waiting_places
from archive.search.words.database import IndexDownError
from archive.search.words.writer import (
    FAILED,
    IN_PART,
    INDEXED,
    NO_TEXT,
    CommunicationText,
    IndexWriter,
    VariantText,
    alone,
    rebuild_path,
)
from archive.storage.contract import StoreError
from archive.storage.reading import read_whole

CHUNK = 200
DAMAGED = "damaged"
Heartbeat = Callable[[int], None]
"""Called with how many variants were done since it began; may raise to end the work between two chunks."""


@dataclass(slots=True)
class Progress:
    """What one run did, and how it is told."""

    heartbeat: Heartbeat | None = None
    until: float | None = None
    variants: int = 0
    records: int = 0
    started: float = field(default_factory=time.monotonic)

    def tell(self, variants: int) -> None:
        """Count variants and tell of them."""
        self.variants += variants
        if self.heartbeat is not None:
            self.heartbeat(self.variants)

    @property
    def is_over(self) -> bool:
        """Tell whether the time of this run is over."""
        return self.until is not None and time.monotonic() >= self.until


def index_waiting(
    *, workers: int | None = None, heartbeat: Heartbeat | None = None, seconds: float | None = None
) -> bool:
    """Index what waits, in the index in place; tell whether nothing waits any more.

    Shapes: without `seconds` until all is done; `workers` are processes, by default as the settings say, 0 reads
    documents in this one.
    Errors: IndexBusyError while another process writes; IndexDownError; whatever `heartbeat` raises.
    """
    progress = Progress(heartbeat, None if seconds is None else time.monotonic() + seconds)
    with IndexWriter.open() as writer, ExtractionPool(_workers(workers)) as pool:
        return _catch_up(writer, pool, progress)


def rebuild(*, workers: int | None = None, heartbeat: Heartbeat | None = None, seconds: float | None = None) -> bool:
    """Build the index again beside the one in place, which serves meanwhile; tell whether it is done and in place.

    Shapes: a rebuild that broke off goes on. What arrives meanwhile is indexed in the one in place first, so that
    nobody waits for it longer than ever.
    Errors: IndexBusyError; IndexDownError for the new file; whatever `heartbeat` raises.
    """
    progress = Progress(heartbeat, None if seconds is None else time.monotonic() + seconds)
    lock = alone()
    try:
        with ExtractionPool(_workers(workers)) as pool:
            try:
                with IndexWriter.in_place() as live:
                    _catch_up(live, pool, progress)
            except IndexDownError:
                pass  # that is why it is built again
            fresh = IndexWriter.rebuilding()
            try:
                if not _catch_up(fresh, pool, progress):
                    return False
                fresh.tidy()
                fresh.swap_in()
            finally:
                fresh.close()
        return True
    finally:
        lock.close()


def forget_rebuild() -> None:
    """Remove what a rebuild that is not wanted any more has built."""
    if rebuild_path().exists():
        IndexWriter.rebuilding().discard()


def report(counts: Mapping[str, int], done: Mapping[int, int]) -> dict[str, int]:
    """Return {indexed, no_text, failed, waiting}, in variants."""
    states = {state: counts.get(state, 0) for state in (INDEXED, NO_TEXT, FAILED)}
    return {**states, "waiting": count_waiting_variants(done)}


def _workers(asked: int | None) -> int:
    return int(settings.EXTRACTION_WORKERS) if asked is None else asked


def _catch_up(writer: IndexWriter, pool: ExtractionPool, progress: Progress) -> bool:
    """Index what waits until nothing does, or the time is over; tell whether nothing does."""
    while places := waiting_places(writer.progress()):
        for load_id, position in places.items():
            for batch, after in _chunks(load_id, position, pool, progress):
                writer.put(batch, {load_id: after})
                progress.tell(sum(len(one.variants) for one in batch))
                if progress.is_over:
                    return not waiting_places(writer.progress())
    writer.tidy()
    return True


def _chunks(
    load_id: int, position: int, pool: ExtractionPool, progress: Progress
) -> Iterator[tuple[list[CommunicationText], int]]:
    """Yield what a load's records say, some hundred at a time, with the position after them."""
    upto = Load.objects.values_list("next_record", flat=True).get(pk=load_id)
    while position < upto:
        after = _end_of_chunk(load_id, position, upto)
        yield _texts(load_id, position, after, pool, progress), after
        position = after


def _end_of_chunk(load_id: int, position: int, upto: int) -> int:
    """Return the position after the next records; gaps of what was set aside are passed over."""
    rows = Communication.objects.filter(load_id=load_id, load_position__gte=position, load_position__lt=upto)
    late = LateVariant.objects.filter(load_id=load_id, load_position__gte=position, load_position__lt=upto)
    ends = [
        max(found) + 1
        for found in (
            list(query.order_by("load_position").values_list("load_position", flat=True)[:CHUNK])
            for query in (rows, late)
        )
        if len(found) == CHUNK
    ]
    return min(ends, default=upto)


def _texts(
    load_id: int, position: int, after: int, pool: ExtractionPool, progress: Progress
) -> list[CommunicationText]:
    within = {"load_id": load_id, "load_position__gte": position, "load_position__lt": after}
    late = list(LateVariant.objects.filter(**within).values_list("order_key", "number"))
    rows = {row.order_key: row for row in _light(**within)}
    own = Variant.objects.filter(order_key__in=list(rows)).order_by("order_key", "number")
    added = Variant.objects.filter(order_key__in=[key for key, _number in late]).order_by("order_key", "number")
    numbers = set(late)
    variants = [*own, *(row for row in added if (row.order_key, row.number) in numbers and row.order_key not in rows)]
    rows |= {row.order_key: row for row in _light(order_key__in=[key for key, _ in late if key not in rows])}
    found: dict[int, list[VariantText]] = {key: [] for key in rows}
    for key, text in _read(variants, pool):
        found[key].append(text)
        progress.tell(0)  # whoever is to end hears of it between two documents
    return [_text(row, found[key]) for key, row in rows.items()]


def _light(**conditions: object) -> list[Communication]:
    columns = ("order_key", "unit_id", "document_class_id", "subject")
    return list(Communication.objects.filter(**conditions).only(*columns))


def _text(row: Communication, texts: Sequence[VariantText]) -> CommunicationText:
    ordered = sorted(texts, key=lambda text: text.number)
    return CommunicationText(row.order_key, row.unit_id, row.document_class_id, row.subject, ordered)


def _read(variants: Sequence[Variant], pool: ExtractionPool) -> Iterator[tuple[int, VariantText]]:
    """Yield the text of each variant by order key; what fails its check, or is too large, is told to have failed."""
    unread: list[tuple[int, VariantText]] = []

    def jobs() -> Iterator[Job]:
        for variant in variants:
            reference = (variant.order_key, variant.number)
            if variant.length > LARGEST_BYTES:
                unread.append((variant.order_key, VariantText(variant.number, FAILED, reason=TOO_LARGE)))
                continue
            try:
                payload = read_whole(locator_of(variant))
            except StoreError:
                unread.append((variant.order_key, VariantText(variant.number, FAILED, reason=DAMAGED)))
                continue
            yield Job(reference, variant.content_type, payload, variant.file_name)

    for (key, number), text in pool.extract(jobs()):
        yield key, _variant_text(number, text)
    yield from unread


def _variant_text(number: int, found: Extracted) -> VariantText:
    if found.outcome == TEXT:
        return VariantText(number, INDEXED, found.text, IN_PART if found.cut else "")
    return VariantText(number, FAILED if found.outcome == "failed" else NO_TEXT, reason=found.reason)
