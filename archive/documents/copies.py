"""Who else keeps bytes or text of a communication: those that must be emptied when it goes.

Each package that keeps copies registers a holder at start-up. Source: design.md "Layout" (registries).
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class CopyHolder(Protocol):
    """Knows the copies in one place."""

    def list_copies(self, public_id: UUID) -> list[str]:
        """Return what there is of a communication, by names that tell nothing of its content."""

    def dispose(self, public_id: UUID) -> int:
        """Remove all of it for good; return how many there were. Done twice, the second finds none."""


_holders: list[CopyHolder] = []


def register_copy_holder(holder: CopyHolder) -> None:
    """Register a holder, at start-up; one of a kind."""
    _holders[:] = [*(known for known in _holders if type(known) is not type(holder)), holder]


def copy_holders() -> tuple[CopyHolder, ...]:
    """Return all holders."""
    return tuple(_holders)
