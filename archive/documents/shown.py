"""Index values as people read them: numbers grouped, days as days, several values beside each other."""

from __future__ import annotations

import contextlib
import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format, number_format

from archive.documents.models import IndexField

DAY = "j M Y"
MONTH = "M Y"


def value_shown(value: Any, kind: str) -> str:
    """Return an index value as text for a reader.

    Shapes: `kind` is one of IndexField.Type; a list becomes its values with commas. What does not read as its kind is
    shown as it came.
    """
    if isinstance(value, list):
        return ", ".join(value_shown(each, kind) for each in value)
    if kind == IndexField.Type.NUMBER:
        return _number(str(value))
    return day_shown(str(value)) if kind == IndexField.Type.DATE else str(value)


def day_shown(text: str) -> str:
    """Return a day such as "31 Oct 2026" for "2026-10-31", a month likewise; any other text as it came."""
    for day, form, length in ((text, DAY, 10), (f"{text}-01", MONTH, 7)):
        # Weeks and days without hyphens are ISO 8601 too, but no query says them so.
        if len(text) == length and text[5:7].isdigit():
            with contextlib.suppress(ValueError):
                return date_format(datetime.date.fromisoformat(day), form)
    return text


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    # The decimals stay as they came: 5349.90 is not 5349.9.
    return number_format(number, force_grouping=True) if number.is_finite() and "e" not in text.lower() else text
