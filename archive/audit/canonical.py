"""Canonical JSON as bytes, for everything that is hashed.

Source: RFC 8785 (JCS). Our events hold strings, whole numbers, truth values, null, lists and objects; decimals and
numbers of 2^53 and more are strings there, so the number formatting of RFC 8785 §3.2.2.3 never matters.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

LARGEST_INTEGER = 2**53 - 1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


class NotCanonicalError(ValueError):
    """A value cannot be written canonically: a float, a huge integer, a lone surrogate, a key that is no text."""


def canonical(value: Any) -> bytes:
    """Return the canonical bytes of a value.

    Errors: NotCanonicalError for floats, integers of 2^53 and more, keys that are no text and lone surrogates.
    """
    if _check(value):
        value = _by_utf16(value)
        return _plain.encode(value).encode()
    try:
        return _encode(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonicalError("A text has a lone surrogate.") from error


_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_trusted(value: Any) -> bytes:
    """Return the canonical bytes of a value of ours: ASCII keys, texts without lone surrogates, no floats.

    A bulk load writes two of these for each record; `canonical` looks at every part of a value first, this does not.
    orjson escapes as RFC 8785 asks and sorts by bytes, which for ASCII keys is the order of UTF-16.
    Errors: TypeError for a lone surrogate.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _check(value: Any) -> bool:
    """Refuse what has no canonical form; tell whether some key needs the order of UTF-16 code units."""
    if value is None or isinstance(value, bool | str):
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise NotCanonicalError("A text has a lone surrogate.") from error
        return False
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise NotCanonicalError(f"{value} is 2^53 or more: give it as text.")
        return False
    if isinstance(value, list | tuple):
        astral = False
        for item in value:
            astral |= _check(item)
        return astral
    if isinstance(value, dict):
        astral = False
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonicalError(f"The key {key!r} is not a text.")
            astral |= _check(key) | _check(item) | (not key.isascii())
        return astral
    raise NotCanonicalError(f"{type(value).__name__} has no canonical form: give it as text.")


def _by_utf16(value: Any) -> Any:
    """Sort keys by UTF-16 code units, as RFC 8785 §3.2.3 asks; Python sorts by code point."""
    if isinstance(value, list | tuple):
        return [_by_utf16(item) for item in value]
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _by_utf16(value[key]) for key in keys}
    return value
