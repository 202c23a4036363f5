"""What the page of the word index tells: counts, what waits, who works on it, what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from archive.documents.models import Channel, Variant
from archive.documents.selectors import visible_to
from archive.search.index_work import INDEX, REBUILD
from archive.search.indexing import report
from archive.search.text_reasons import reason_words
from archive.search.words.database import index_path, reader
from archive.work.models import WorkItem

FAILURES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Failure:
    """A variant whose text could not be read."""

    public_id: str
    record_number: str
    channel: str
    reason: str | Promise


@dataclass(frozen=True, slots=True)
class IndexState:
    """The word index as its page shows it.

    Shapes: `counts` are variants: indexed, no_text, failed, waiting; `work` and `rebuild` are the last items of either
    kind, or None.
    """

    counts: dict[str, int]
    size_bytes: int
    work: WorkItem | None
    rebuild: WorkItem | None
    failures: list[Failure]

    @property
    def is_live(self) -> bool:
        """Tell whether somebody works on it, or is about to."""
        return any(item is not None and item.state in WorkItem.OPEN for item in (self.work, self.rebuild))


def get_index_state(user: Any) -> IndexState:
    """Return the state of the word index; failures only of what the user may see.

    Errors: IndexDownError.
    """
    index = reader()
    return IndexState(
        report(index.counts(), index.progress()),
        index_path().stat().st_size if index_path().exists() else 0,
        last_item(INDEX),
        last_item(REBUILD),
        _failures(index.failures(FAILURES_SHOWN), user),
    )


def last_item(kind: str) -> WorkItem | None:
    """Return the last work item of a kind."""
    return WorkItem.objects.filter(kind=kind).order_by("-pk").first()


def _failures(found: list[tuple[int, int, str]], user: Any) -> list[Failure]:
    keys = [key for key, _number, _reason in found]
    rows = {row.order_key: row for row in visible_to(user).filter(order_key__in=keys)}
    channels = {
        (key, number): channel
        for key, number, channel in Variant.objects.filter(order_key__in=rows).values_list(
            "order_key", "number", "channel"
        )
    }
    return [
        Failure(
            str(rows[key].public_id),
            rows[key].record_number,
            str(Channel(channels[key, number]).label),
            reason_words(reason),
        )
        for key, number, reason in found
        if key in rows and (key, number) in channels
    ]
