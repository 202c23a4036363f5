"""Reading loads. Those who may see loads see all of them; what is in them is ruled by access rules as ever."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from archive.batches.models import Load, LoadBatch, LoadLogLine, Reject

PAGE_ROWS = 50
REJECTS_SHOWN = 100
LOG_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is.

    Units: `per_second` communications, `bytes_per_second` bytes stored, `seconds_left` where it can be told.
    """

    load: Load
    per_second: float
    bytes_per_second: float
    percent: int | None
    seconds_left: int | None

    @property
    def open(self) -> bool:
        """Tell whether it can still change by itself."""
        return self.load.state in Load.OPEN and self.load.state != Load.State.PAUSED


def list_loads(*, before: int | None = None) -> tuple[list[Load], int | None]:
    """Return loads, newest first, and the number to go on before, or None at the end."""
    query = Load.objects.order_by("-pk")
    if before is not None:
        query = query.filter(pk__lt=before)
    found = list(query[: PAGE_ROWS + 1])
    return found[:PAGE_ROWS], found[PAGE_ROWS - 1].pk if len(found) > PAGE_ROWS else None


def get_load(public_id: UUID) -> Load:
    """Return a load. Errors: Load.DoesNotExist."""
    return Load.objects.select_related("resubmits").get(public_id=public_id)


def progress_of(load: Load) -> Progress:
    """Return the rates of a load and, where the number of records is known, what is left."""
    seconds = load.seconds or 0.0
    per_second = load.received / seconds if seconds else 0.0
    percent = left = None
    if load.expected:
        percent = min(100, load.next_record * 100 // load.expected)
        remaining = max(load.expected - load.next_record, 0)
        left = int(remaining / per_second) if per_second else None
    return Progress(load, per_second, load.bytes_stored / seconds if seconds else 0.0, percent, left)


def list_log(load: Load) -> list[LoadLogLine]:
    """Return the newest lines of a load's log, newest first."""
    return list(LoadLogLine.objects.filter(load=load).order_by("-pk")[:LOG_SHOWN])


def list_rejects(load: Load) -> list[Reject]:
    """Return the first records that were set aside, in order."""
    return list(Reject.objects.filter(load=load).order_by("record").defer("raw")[:REJECTS_SHOWN])


def list_batches(load: Load) -> list[LoadBatch]:
    """Return the batches that a load touched."""
    return list(LoadBatch.objects.filter(load=load).select_related("batch").order_by("batch__key")[:PAGE_ROWS])


def list_resubmissions(load: Load) -> list[Load]:
    """Return the loads by which records of this one were submitted again, in order."""
    return list(Load.objects.filter(resubmits=load).order_by("pk")[:PAGE_ROWS])
