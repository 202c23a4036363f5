"""Locator holders: who points into objects. Higher packages register; storage asks them before it moves or deletes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Held:
    """A document in an object, as its holder knows it.

    Shapes: `reference` is the holder's own key of the row; `name` becomes the member's name in a merged pack.
    """

    reference: tuple[int, ...]
    name: str
    offset: int
    length: int
    sha256: bytes
    blocks: bytes | None
    content_type: str
    retain_until: datetime.date


class LocatorHolder(Protocol):
    """One table that points into objects."""

    def held(self, object_id: int) -> list[Held]:
        """Return all that points into an object, in order of offset."""

    def repoint(self, object_id: int, moves: Sequence[tuple[tuple[int, ...], int, int]]) -> int:
        """Point rows to another object: (reference, new object id, new offset); returns how many moved."""

    def latest_retain_until(self, object_id: int) -> datetime.date | None:
        """Return until when the last of what points into an object is kept; nothing where nothing does."""

    def points_to(self, object_id: int) -> bool:
        """Tell whether anything points into an object."""


_holders: list[LocatorHolder] = []


def register_locator_holder(holder: LocatorHolder) -> None:
    """Add a holder, at start-up."""
    _holders.append(holder)


def holders() -> tuple[LocatorHolder, ...]:
    """Return all holders."""
    return tuple(_holders)
