"""How letters write money, days and months, in the two languages they come in. Pure."""

from __future__ import annotations

import datetime

_NAMES = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_MONTHS = {language: names.split() for language, names in _NAMES.items()}


def amount(cents: int, language: str) -> str:
    """Write an amount without its currency: 1,204.55 or 1.204,55; a true minus sign is not in every font's encoding."""
    whole, rest = divmod(abs(cents), 100)
    text = f"{whole:,}.{rest:02}"
    if language == "de":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"-{text}" if cents < 0 else text


def euro(cents: int, language: str) -> str:
    """Write an amount with its currency where the language puts it."""
    text = amount(cents, language)
    return f"{text} EUR" if language == "de" else f"EUR {text}"


def plain(cents: int) -> str:
    """Write an amount for a machine: 1204.55."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def long_day(day: datetime.date, language: str) -> str:
    """Write a day as letters do: 31 October 2026, 31. Oktober 2026."""
    dot = "." if language == "de" else ""
    return f"{day.day}{dot} {_MONTHS[language][day.month - 1]} {day.year}"


def short_day(day: datetime.date, language: str) -> str:
    """Write a day as tables do, without its year: 31 Oct, 31. Okt."""
    dot = "." if language == "de" else ""
    return f"{day.day:02}{dot} {_MONTHS[language][day.month - 1][:3]}"


def month_name(day: datetime.date, language: str) -> str:
    """Write the month of a day with its year."""
    return f"{_MONTHS[language][day.month - 1]} {day.year}"


def bare_month(day: datetime.date, language: str) -> str:
    """Write the month of a day alone."""
    return _MONTHS[language][day.month - 1]
