"""What a load did, for programs and for people who mend what was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.batches.models import Load, Reject

PROBLEMS_TOLD = 1_000


def report_of(load: Load) -> dict[str, Any]:
    """Return the counts of a load as `manage.py ingest --json` prints them.

    Units: bytes as stored, seconds at work.
    Source: design.md, "Commands that stay stable".
    """
    return {
        "load": load.pk,
        "batches": list(load.batch_counts.order_by("batch__key").values_list("batch__key", flat=True)),
        "received": load.received,
        "archived": load.archived,
        "variants_added": load.variants_added,
        "duplicates": load.duplicates,
        "rejected": load.rejected,
        "bytes": load.bytes_stored,
        "seconds": round(load.seconds, 3),
    }


def full_report_of(load: Load) -> dict[str, Any]:
    """Return the counts of a load with its end and what was set aside, for people and for a drop folder.

    Shapes: those of `report_of`, `state`, `message` and `problems`: at most a thousand of {line, field, code, reason}.
    """
    rows = Reject.objects.filter(load=load).order_by("record").values("line", "field", "code", "reason")
    return {
        **report_of(load),
        "state": str(load.state),
        "message": load.message,
        "problems": list(rows[:PROBLEMS_TOLD]),
    }


def rejects_name(load: Load) -> str:
    """Return what the file of the records set aside is called: JSONL or CSV, as their manifest was."""
    return f"{load}-set-aside.{'csv' if load.mapping_key or load.manifest_header else 'jsonl'}"


def rejects_file(load: Load) -> Iterator[bytes]:
    """Yield the manifest lines set aside, as they came, under their header if they have one: to be mended.

    `archive/ingest/resubmitting.py` says how they come in again.
    """
    if load.manifest_header:
        yield bytes(load.manifest_header) + b"\n"
    for raw in Reject.objects.filter(load=load).order_by("record").values_list("raw", flat=True).iterator():
        yield bytes(raw).rstrip(b"\r\n") + b"\n"
