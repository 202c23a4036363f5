"""Decide what an incoming record is: new, a duplicate, a late variant, or refused (model.md §1). Pure.

Source: model.md §1 "Identity, corrections, late variants".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from archive.ingest.records import DraftVariant, Problem

Identity = tuple[int, int, str]
"""(unit id, producer id, external id)."""


@dataclass(slots=True)
class Known:
    """A communication that is archived, or decided earlier in this load and not yet committed."""

    order_key: int
    public_id: UUID
    digests: dict[str, bytes]
    numbers: dict[str, int]
    salt: bytes
    round: int = 0
    """In which round of closing packs it was last changed, while it is not committed."""
    parties: int = 0
    """How many parties it has; a late variant's recipient is one of them."""

    @property
    def next_number(self) -> int:
        """Return the number of the next variant."""
        return max(self.numbers.values(), default=0) + 1


@dataclass(slots=True, frozen=True)
class New:
    """Nothing is archived under this identity."""


@dataclass(slots=True, frozen=True)
class Duplicate:
    """All its variants are archived already with the same bytes."""

    known: Known


@dataclass(slots=True, frozen=True)
class Additional:
    """Some channels are not archived yet; the others are the same."""

    known: Known
    channels: tuple[str, ...] = field(default=())


def decide(digests: Mapping[str, bytes], known: Known | None) -> New | Duplicate | Additional | Problem:
    """Compare the digests of the incoming variants, by channel, with what is known.

    Shapes: a Problem names the first channel whose bytes differ.
    """
    if known is None:
        return New()
    for channel, digest in digests.items():
        archived = known.digests.get(channel)
        if archived is not None and archived != digest:
            return Problem(
                code="other_content",
                field=f"variants.{channel}",
                reason=(
                    f"This external_id {_where(known)} with other bytes for {channel}. "
                    'To replace it, give the new one its own external_id and "replaces" with a reason.'
                ),
            )
    missing = tuple(channel for channel in digests if channel not in known.digests)
    return Additional(known, missing) if missing else Duplicate(known)


def missing_party(variants: Sequence[DraftVariant], late: Additional) -> Problem | None:
    """Return what is wrong when a late variant goes to a party that the archived communication does not have."""
    for number, variant in enumerate(variants):
        party = variant.recipient_party
        if party is not None and variant.channel in late.channels and party >= late.known.parties:
            reason = (
                f"The archived communication has no party {party}: it has {late.known.parties}, counted from 0, and a "
                "late variant adds none. Name one of them, or the address alone."
            )
            return Problem("no_party", f"variants.{number}.recipient.party", reason)
    return None


def _where(known: Known) -> str:
    return f"is archived already as {known.public_id}" if known.public_id.int else "stands earlier in this package"
