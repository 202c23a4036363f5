"""Index values as people read them: numbers grouped, days as days, several values beside each other."""

from __future__ import annotations

import contextlib
import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import pgettext

from archive.documents.models import IndexField


def day_form() -> str:
    """Return the form of a day in the active language: "31 Oct 2026", in German "31. Okt. 2026"."""
    return pgettext("form of a day, as in Django's date filter", "j M Y")


def month_form() -> str:
    """Return the form of a month in the active language: "Oct 2026", in German "Okt. 2026"."""
    return pgettext("form of a month, as in Django's date filter", "M Y")


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
    for day, form, length in ((text, day_form(), 10), (f"{text}-01", month_form(), 7)):
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
