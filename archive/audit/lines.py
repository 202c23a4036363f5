"""Texts that stand in one line of a log. Pure."""

from __future__ import annotations

import unicodedata

_BREAKING = {"Cc", "Cf", "Zl", "Zp", "Cs"}


def clean(text: str) -> str:
    """Make a text safe for one line of a log: control, format and separator characters become visible (A-30)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(char):04x}" if unicodedata.category(char) in _BREAKING else char for char in text)
