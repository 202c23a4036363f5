"""What a record's leaf commits to: its archived fields, retention inputs and variants, under the record's salt.

Source: design.md "Audit"; requirements A-25. A leaf is RFC 8785 JSON `{v, id, load, commitment}`; no personal value
stands in it, and without the salt nobody can guess what does.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from archive.audit.canonical import canonical_trusted

LEAF_VERSION = 1


def party_commitment(*, salt: bytes, number: int, facts: dict[str, str]) -> str:
    """Commit to one party's personal facts under its own salt; empty facts are left out.

    Shapes: `facts` has role, customer_id, name, postcode, address; returns 64 hex digits.
    """
    told = {key: value for key, value in facts.items() if value}
    return hmac.digest(salt, b"party\x00%d\x00" % number + canonical_trusted(told), "sha256").hex()


def record_leaf(
    *, public_id: UUID, load_id: int, salt: bytes, fields: dict[str, Any], variants: Sequence[Sequence[Any]]
) -> bytes:
    """Return the leaf of an archived communication, or of an amendment or a late variant to it.

    Shapes: `fields` holds strings, whole numbers, None, lists and dicts of these (decimals as strings); `variants` are
    (number, channel, size in bytes, SHA-256 as hex) in order of number.
    """
    facts = canonical_trusted({"fields": fields, "variants": [list(variant) for variant in variants]})
    commitment = hmac.digest(salt, hashlib.sha256(facts).digest(), "sha256").hex()
    # The four keys are ASCII, sorted, and the values need no escape: this is RFC 8785 already.
    return b'{"commitment":"%b","id":"%b","load":%d,"v":%d}' % (
        commitment.encode(),
        str(public_id).encode(),
        load_id,
        LEAF_VERSION,
    )
