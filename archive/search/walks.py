"""Walks: sets of communications as streams in issue order, joined without being gathered first.

A walk gives places (`words/pieces.py`) as *ranks*, which always grow: the place itself where the oldest come first, its
negative where the newest do. What a page needs is read, and no more, so that the first page of a word that stands in
every document costs what the first page of a rare one costs.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Protocol

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from archive.documents.models import Communication
from archive.documents.plans import keys_in
from archive.query import QueryError
from archive.search.words.pieces import order_key_of, place_of

LONGEST_SECONDS = 8.0
START = -(1 << 62)
"""Before every rank."""
_LOOK_EVERY = 512


class Budget:
    """How long one search may walk.

    Errors: `spend` raises QueryError once the time is over (requirements S-26).
    """

    def __init__(self, seconds: float = LONGEST_SECONDS) -> None:
        self._until = time.monotonic() + seconds
        self._steps = 0

    def spend(self, steps: int = 1) -> None:
        """Count steps; the clock is looked at now and then."""
        self._steps += steps
        if self._steps >= _LOOK_EVERY:
            self._steps = 0
            if time.monotonic() > self._until:
                raise QueryError(_("This search takes too long. Add a condition, such as a class or dates."))


class Walk(Protocol):
    """A set of communications in the order of one direction."""

    def seek(self, rank: int) -> int | None:
        """Return the first member at or after a rank, or None; ranks asked for never become smaller."""
        ...

    def take(self, rank: int, limit: int) -> list[int]:
        """Return at most so many members from a rank on, in order."""
        ...


def _taken(walk: Walk, rank: int, limit: int) -> list[int]:
    found: list[int] = []
    while len(found) < limit:
        member = walk.seek(rank)
        if member is None:
            break
        found.append(member)
        rank = member + 1
    return found


class Listed:
    """Members that are known, few enough to be listed; in any order."""

    def __init__(self, ranks: Sequence[int]) -> None:
        self._ranks = sorted(ranks)

    def seek(self, rank: int) -> int | None:
        at = bisect_left(self._ranks, rank)
        return self._ranks[at] if at < len(self._ranks) else None

    def take(self, rank: int, limit: int) -> list[int]:
        at = bisect_left(self._ranks, rank)
        return self._ranks[at : at + limit]


class Every:
    """What is in all of some walks and in none of others: whichever is ahead says where the others go on.

    An answer is kept until it is passed: those that were asked for it are further on by then, and cannot go back.
    """

    def __init__(self, walks: Sequence[Walk], without: Sequence[Walk], budget: Budget) -> None:
        self._walks = walks
        self._without = without
        self._budget = budget
        self._now: int | None = START

    def seek(self, rank: int) -> int | None:
        if self._now is not None and (self._now < rank or self._now == START):
            self._now = self._beyond(rank)
        return self._now

    def _beyond(self, rank: int) -> int | None:
        while True:
            met = self._met(rank)
            if met is None or not any(walk.seek(met) == met for walk in self._without):
                return met
            rank = met + 1

    def _met(self, rank: int) -> int | None:
        agreed, at = 0, 0
        while agreed < len(self._walks):
            self._budget.spend()
            found = self._walks[at].seek(rank)
            if found is None:
                return None
            agreed = agreed + 1 if found == rank else 1
            rank, at = found, (at + 1) % len(self._walks)
        return rank

    def take(self, rank: int, limit: int) -> list[int]:
        if len(self._walks) == 1 and not self._without:
            return self._walks[0].take(rank, limit)
        return _taken(self, rank, limit)


class Some:
    """What is in any of some walks."""

    def __init__(self, walks: Sequence[Walk], budget: Budget) -> None:
        self._walks = walks
        self._budget = budget

    def seek(self, rank: int) -> int | None:
        self._budget.spend()
        return min((found for walk in self._walks if (found := walk.seek(rank)) is not None), default=None)

    def take(self, rank: int, limit: int) -> list[int]:
        return _taken(self, rank, limit)


class Rows:
    """What a condition on rows finds, walked in the order of its index, a batch at a time."""

    FIRST_BATCH, LARGEST_BATCH = 100, 4_000

    def __init__(self, rows: QuerySet[Communication], *, newest_first: bool, budget: Budget) -> None:
        self._rows = rows
        self._newest_first = newest_first
        self._budget = budget
        self._batch: list[int] = []
        self._size = self.FIRST_BATCH
        self._ended = False

    def seek(self, rank: int) -> int | None:
        while not self._batch or self._batch[-1] < rank:
            if self._ended:
                return None
            self._read(rank)
        return self._batch[bisect_left(self._batch, rank)]

    def _read(self, rank: int) -> None:
        self._budget.spend(self._size)
        key = order_key_of(abs(rank)) if rank > START else None
        sign, lookup = ("-", "order_key__lte") if self._newest_first else ("", "order_key__gte")
        rows = self._rows if key is None else self._rows.filter(**{lookup: key})
        keys = rows.order_by(f"{sign}order_key").values_list("order_key", flat=True)[: self._size]
        self._batch = ranks_of(keys, newest_first=self._newest_first)
        self._ended = len(self._batch) < self._size
        self._size = min(self._size * 4, self.LARGEST_BATCH)

    def take(self, rank: int, limit: int) -> list[int]:
        return _taken(self, rank, limit)


class Filtered:
    """What of a walk also fulfils a condition on rows, asked for a batch at a time."""

    FIRST_BATCH, LARGEST_BATCH = 120, 5_000

    def __init__(
        self, walk: Walk, rows: QuerySet[Communication], *, newest_first: bool, budget: Budget, first_batch: int = 0
    ) -> None:
        self._walk = walk
        self._rows = rows
        self._newest_first = newest_first
        self._budget = budget
        self._size = first_batch or self.FIRST_BATCH
        self._from = self._to = START  # ranks in between are decided
        self._found: list[int] = []
        self._ended = False

    def seek(self, rank: int) -> int | None:
        while True:
            at = bisect_left(self._found, rank)
            if at < len(self._found):
                return self._found[at]
            if self._ended:
                return None
            self._read(max(rank, self._to))

    def _read(self, rank: int) -> None:
        self._budget.spend(self._size)
        members = self._walk.take(rank, self._size)
        self._ended = len(members) < self._size
        self._to = members[-1] + 1 if members else rank
        keys = keys_of(members)
        # Asked for none too: else one query more would tell of words that stand only where the user may not look.
        passing = set(self._rows.filter(keys_in(keys or [0])).order_by().values_list("order_key", flat=True))
        self._found = [member for member, key in zip(members, keys, strict=True) if key in passing]
        self._size = min(self._size * 3, self.LARGEST_BATCH)

    def take(self, rank: int, limit: int) -> list[int]:
        found: list[int] = []
        while len(found) < limit and self.seek(rank) is not None:
            at = bisect_left(self._found, rank)
            found += self._found[at : at + limit - len(found)]
            rank = found[-1] + 1
        return found


def ranks_of(keys: Sequence[int] | QuerySet[Communication, int], *, newest_first: bool) -> list[int]:
    """Return the ranks of order keys."""
    return [-place_of(key) for key in keys] if newest_first else [place_of(key) for key in keys]


def keys_of(ranks: Sequence[int]) -> list[int]:
    """Return the order keys at ranks."""
    return [order_key_of(abs(rank)) for rank in ranks]


def members(walk: Walk, rank: int, batch: int) -> Iterator[int]:
    """Yield the members of a walk from a rank on, read in batches."""
    while found := walk.take(rank, batch):
        yield from found
        if len(found) < batch:
            return
        rank = found[-1] + 1
