"""What a record's leaf commits to: its archived fields, retention inputs and variants, under the record's salt.

Source: design.md "Audit"; requirements A-25. A leaf is RFC 8785 JSON `{v, id, load, commitment}`; no personal value
stands in it, and without the salt nobody can guess what does.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from archive.audit.canonical import canonical_trusted

LEAF_VERSION = 1
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def keyed_digest(salt: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA-256 for a salt of at most 64 bytes, written out.

    The library's takes 12 µs a call, most of it to look the algorithm up; a load needs two for each record.
    Source: RFC 2104 §2.
    """
    key = salt.ljust(64, b"\x00")
    return sha256(key.translate(_OUTER) + sha256(key.translate(_INNER) + message).digest()).digest()


def party_commitment(*, salt: bytes, number: int, facts: dict[str, str]) -> str:
    """Commit to one party's personal facts under its own salt; empty facts are left out.

    Shapes: `facts` has role, customer_id, name, postcode, address; returns 64 hex digits.
    """
    told = {key: value for key, value in facts.items() if value}
    return keyed_digest(salt, b"party\x00%d\x00" % number + canonical_trusted(told)).hex()


def record_leaf(
    *, public_id: UUID, load_id: int, salt: bytes, fields: dict[str, Any], variants: Sequence[Sequence[Any]]
) -> bytes:
    """Return the leaf of an archived communication, or of an amendment or a late variant to it.

    Shapes: `fields` holds strings, whole numbers, None, lists and dicts of these (decimals as strings); `variants` are
    (number, channel, size in bytes, SHA-256 as hex) in order of number; the SHA-256 of a rendition for reading that
    came with one is the fifth.
    """
    facts = canonical_trusted({"fields": fields, "variants": [list(variant) for variant in variants]})
    commitment = keyed_digest(salt, sha256(facts).digest()).hex()
    # The four keys are ASCII, sorted, and the values need no escape: this is RFC 8785 already.
    return b'{"commitment":"%b","id":"%b","load":%d,"v":%d}' % (
        commitment.encode(),
        str(public_id).encode(),
        load_id,
        LEAF_VERSION,
    )
