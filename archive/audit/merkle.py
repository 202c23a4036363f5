"""Merkle tree hashes. Pure.

Source: RFC 6962 §2.1, RFC 9162 §2.1.1: leaf SHA-256(0x00 ‖ leaf), node SHA-256(0x01 ‖ left ‖ right), the empty tree
SHA-256(""), split at the largest power of two below n.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in order; of none, the empty tree's.

    Pairing level by level and carrying an odd last node up gives the same tree as splitting at the largest power of
    two, without recursion.
    """
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def join(hashes: Iterable[bytes]) -> bytes:
    """Write hashes one after the other, as they are stored beside a part's event."""
    return b"".join(hashes)


def split(joined: bytes) -> list[bytes]:
    """Read hashes back.

    Errors: ValueError when the length is no multiple of 32.
    """
    if len(joined) % HASH_BYTES:
        raise ValueError(f"{len(joined)} bytes are no whole number of hashes.")
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]
