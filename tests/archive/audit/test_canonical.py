"""What is hashed is RFC 8785: the same bytes as the reference implementation's, and refused where it has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from archive.audit.canonical import NotCanonicalError, canonical, canonical_trusted

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ASCII_KEYS = st.text(st.characters(max_codepoint=126, exclude_categories=["Cs"]), max_size=10)
# rfc8785 ends where doubles stop being exact by themselves.
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS


def nested(keys: Any) -> Any:
    """Return a strategy of lists and objects in each other."""
    return st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


@given(nested(TEXTS))
def test_any_value_of_ours_has_the_bytes_of_the_reference(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(nested(ASCII_KEYS))
def test_the_quick_way_gives_the_same_bytes(value: Any) -> None:
    assert canonical_trusted(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": "1.0"}, b'{"a":"1.0","b":1}'),
        ("\u00e9", b'"\xc3\xa9"'),
        ("e\u0301", b'"e\xcc\x81"'),
        ("\u2028\u2029", b'"\xe2\x80\xa8\xe2\x80\xa9"'),
        ("", b'""'),
        ('\x00\x1f\x7f\b\t\n\f\r"\\/', b'"\\u0000\\u001f\x7f\\b\\t\\n\\f\\r\\"\\\\/"'),
        (2**53 - 1, b"9007199254740991"),
        ("9007199254740993", b'"9007199254740993"'),
        # RFC 8785 §3.2.3: by UTF-16 code units a character beyond the basic plane comes before U+FB33.
        (
            {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "\r": 4, "1": 5},
            '{"\\r":4,"1":5,"\u20ac":3,"\U0001f600":2,"\ufb33":1}'.encode(),
        ),
        ([], b"[]"),
        ({}, b"{}"),
        ("x" * 65_536, b'"' + b"x" * 65_536 + b'"'),
    ],
)
def test_bytes_that_must_come_out(value: Any, expected: bytes) -> None:
    assert canonical(value) == expected == rfc8785.dumps(value)


@given(nested(TEXTS))
def test_what_is_read_back_and_written_again_is_the_same(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        {None: 1},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_has_no_canonical_form_is_refused_wherever_it_stands(value: Any) -> None:
    for nest in (value, [value], {"key": [0, {"deeper": value}]}):
        with pytest.raises(NotCanonicalError):
            canonical(nest)
