"""How text is folded for search, and how index values go into typed slots. Pure.

Source: design.md "Search" (NFKC, case and accents folded, letters and digits); model.md §2.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import Context, Decimal
from functools import lru_cache

SLOT_CHARACTERS = 200
NUMBER_SCALE = 10_000
_PLAIN_NUMBER = re.compile(r"(-?)(\d{1,14})(?:\.(\d{1,4}))?", re.ASCII)
# What Decimal takes beyond this (1_000, NaN, digits of other scripts, huge exponents) is guesswork or an overflow.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_EXACT = Context(prec=200)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LONGEST_NUMBER = 60
LARGEST_NUMBER = Decimal(2**63 - 1) / NUMBER_SCALE


class SlotValueError(ValueError):
    """A value does not fit its field's type; the message says what would."""


def fold(text: str) -> str:
    """Fold compatibility forms and case, and trim: how text slots are stored and compared."""
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def tokens(text: str) -> list[str]:
    """Split into words of letters and digits, without case and accents, in order."""
    if text.isascii():
        folded = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        folded = "".join(char for char in decomposed if not unicodedata.combining(char))
    return "".join(char if char.isalnum() else " " for char in folded).split()


@lru_cache(maxsize=20_000)
def name_tokens(name: str) -> tuple[str, ...]:
    """Return the tokens under which a name is found: `n:` and each word, at most 20 of 75 characters."""
    return tuple(f"n:{token[:75]}" for token in dict.fromkeys(tokens(name)[:20]))


@lru_cache(maxsize=20_000)
def postcode_tokens(postcode: str) -> tuple[str, ...]:
    """Return the token under which a postcode is found: letters and digits only, so that blanks do not matter."""
    joined = "".join(tokens(postcode))[:20]
    return (f"p:{joined}",) if joined else ()


def encode_slot(kind: str, value: object) -> str | int | datetime.date:
    """Turn an index value into what its typed slot stores.

    Shapes: text folded, at most 200 characters; numbers times 10,000 as a whole number; dates as dates.
    Errors: SlotValueError.
    """
    text = str(value).strip()
    if kind == "number":
        return encode_number(text)
    if kind == "date":
        return parse_day(text)
    folded = fold(text)
    if len(folded) > SLOT_CHARACTERS:
        raise SlotValueError(f"has {len(folded)} characters; at most {SLOT_CHARACTERS} can be searched. Shorten it.")
    return folded


def encode_number(text: str) -> int:
    """Return a decimal times 10,000. Errors: SlotValueError when it is none, too large or finer than four places."""
    plain = _PLAIN_NUMBER.fullmatch(text)
    if plain:
        sign, whole, places = plain.groups()
        number_scaled = int(whole) * NUMBER_SCALE + int((places or "").ljust(4, "0"))
        return -number_scaled if sign else number_scaled
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise SlotValueError(f'"{text[:40]}" is not a number. Write it like 1204.55.')
    number = Decimal(text)
    if number.copy_abs() > LARGEST_NUMBER:
        raise SlotValueError(f'"{text[:40]}" is too large. At most 900 million million fit.')
    scaled = _EXACT.multiply(number, Decimal(NUMBER_SCALE))
    if scaled != scaled.to_integral_value():
        raise SlotValueError(f'"{text[:40]}" has more than four decimal places. Round it.')
    return int(scaled)


def parse_day(text: str) -> datetime.date:
    """Return a day written YYYY-MM-DD. Errors: SlotValueError says whether the form or the day is wrong."""
    if not _DAY.fullmatch(text):  # fromisoformat alone would also take weeks, 2026-W05-1
        raise SlotValueError(f'"{text[:40]}" is not a date. Write it like 2026-02-28.')
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise SlotValueError(f"{text} does not exist. Give a day of the calendar.") from None
