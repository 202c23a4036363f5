"""Kinds of work. Features register at start-up what runs when an item of theirs is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archive.work.leases import Lease

Run = Callable[[Lease], dict[str, Any]]
GivenUp = Callable[[Lease], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """What runs for a kind, how often it is tried, and, for recurring work, how many seconds lie between two runs.

    Shapes: `given_up` is called in the transaction that gives an item up, so that what it was about does not wait.
    """

    run: Run
    max_attempts: int
    every_seconds: int | None
    given_up: GivenUp | None = None


_kinds: dict[str, Kind] = {}


def register(
    kind: str, run: Run, *, max_attempts: int = 5, every_seconds: int | None = None, given_up: GivenUp | None = None
) -> None:
    """Name what runs for a kind of work; a recurring one is queued by the sweeper."""
    _kinds[kind] = Kind(run, max_attempts, every_seconds, given_up)


def kind_of(name: str) -> Kind:
    """Return a registered kind. Errors: KeyError."""
    return _kinds[name]


def recurring() -> dict[str, int]:
    """Return the kinds that recur, with the seconds between two runs."""
    return {name: kind.every_seconds for name, kind in _kinds.items() if kind.every_seconds is not None}
