"""What a communication replaces and what replaced it, over all steps, as far as its reader sees them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from archive.documents.models import Communication, CommunicationLink
from archive.documents.selectors import visible_to

MOST_LINKED = 200
# Both directions at once; UNION leaves out what was met, so that a circle ends.
_CHAIN = """
WITH RECURSIVE chain(key) AS (
    SELECT CAST(%s AS bigint)
    UNION
    SELECT CASE WHEN link.from_key = chain.key THEN link.to_key ELSE link.from_key END
    FROM chain JOIN archive_communicationlink link ON link.from_key = chain.key OR link.to_key = chain.key
    WHERE link.kind = 'supersedes' AND link.to_key IS NOT NULL
)
SELECT key FROM chain LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One communication of a chain, with the link by which it was reached: when it was made, and why."""

    communication: Communication
    linked_at: datetime.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What lies around a communication.

    Shapes: `earlier` and `later` have the nearest step first; `current` is the newest of the later ones that nothing
    replaced, None where there is none that the reader sees.
    """

    earlier: list[Step] = field(default_factory=list)
    later: list[Step] = field(default_factory=list)
    current: Communication | None = None

    @property
    def later_first(self) -> list[Step]:
        """Return the later ones with the latest first, as a reader goes through them."""
        return self.later[::-1]

    @property
    def further(self) -> int:
        """Return how many earlier ones there are beyond the nearest."""
        return max(len(self.earlier) - 1, 0)


def replacement_chain(communication: Communication, *, user: Any) -> Chain:
    """Return what a communication replaces and what replaced it; three queries, one where there is nothing.

    Shapes: what the reader may not see leaves no trace, nor does what lies behind it. At most 200 are told.
    """
    keys = _linked_keys(communication.order_key)
    if len(keys) <= 1:
        return Chain()
    links = list(
        CommunicationLink.objects.filter(
            kind=CommunicationLink.Kind.SUPERSEDES, from_key__in=keys, to_key__in=keys
        ).order_by("-created_at", "-pk")
    )
    seen = {row.order_key: row for row in visible_to(user).filter(order_key__in=keys)}
    earlier = _walk(communication.order_key, [(link.from_key, link.to_key or 0, link) for link in links], seen)
    later = _walk(communication.order_key, [(link.to_key or 0, link.from_key, link) for link in links], seen)
    standing = [step.communication for step in later if step.communication.state == Communication.State.CURRENT]
    return Chain(earlier, later, max(standing, key=lambda row: row.order_key, default=None))


def _linked_keys(order_key: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, [order_key, MOST_LINKED])
        return [int(key) for (key,) in cursor.fetchall()]


def _walk(start: int, edges: list[tuple[int, int, CommunicationLink]], seen: dict[int, Communication]) -> list[Step]:
    """Return what is reached from a key over what is seen, the nearest first."""
    steps: list[Step] = []
    met, border = {start}, [start]
    while border:
        found = [(end, link) for begin, end, link in edges if begin in border and end in seen]
        border = []
        for end, link in found:
            if end not in met:
                met.add(end)
                border.append(end)
                steps.append(Step(seen[end], link.created_at, link.reason))
    return steps
