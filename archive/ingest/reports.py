"""What a load did, for programs and for people who mend what was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.batches.models import Load, Reject


def report_of(load: Load) -> dict[str, Any]:
    """Return the counts of a load as `manage.py ingest --json` prints them.

    Units: bytes as stored, seconds at work.
    """
    return {
        "load": load.pk,
        "state": load.state,
        "batches": list(load.batch_counts.order_by("batch__key").values_list("batch__key", flat=True)),
        "received": load.received,
        "archived": load.archived,
        "variants_added": load.variants_added,
        "duplicates": load.duplicates,
        "rejected": load.rejected,
        "bytes": load.bytes_stored,
        "seconds": round(load.seconds, 3),
        **({"message": load.message} if load.message else {}),
    }


def rejects_file(load: Load) -> Iterator[bytes]:
    """Yield the manifest lines set aside, as they came, one a line: mend them and submit them with their files."""
    for raw in Reject.objects.filter(load=load).order_by("record").values_list("raw", flat=True).iterator():
        yield bytes(raw).rstrip(b"\r\n") + b"\n"
