"""The letters of the demo: what two firms sent to their customers in two years, the same for the same seed.

A letter depends on its household and its month alone, so a demo that is made again a month later has the same letters
for the months that both have.
"""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from portal.demo import months
from portal.demo.bills import make_bill
from portal.demo.brands import COMMERCIAL, RETAIL, Brand
from portal.demo.letters import Content, Letter
from portal.demo.notices import Notice, make_notice
from portal.demo.people import Household, household
from portal.demo.policies import make_policy
from portal.demo.statements import Statement, make_statement

MONTHS = 24
COMMUNICATIONS = 2_000
SEED = 1
ALL_CHANNELS = ("print", "email", "sms")
REASON_OF_REPLACEMENT = "One card payment was booked twice; the closing balance was wrong."
REASON_OF_REMINDER = "Part of the payment had arrived the day before; the open amount was wrong."
LATE_CENTS, STILL_LATE_CENTS = 18_900, 6_900
_NOTICES_A_MONTH = 0.09


@dataclass(frozen=True, slots=True)
class Sending:
    """A letter before it has a place in its month's run. `corrects` says that it replaces the one before it."""

    home: Household
    brand: Brand
    issued_on: datetime.date
    content: Content
    corrects: bool = False


def plan_letters(*, count: int = COMMUNICATIONS, until: datetime.date, seed: int = SEED) -> list[Letter]:
    """Return `count` letters of the 24 months before the month of `until`, in the order of their runs.

    Shapes: households join until there are enough letters; of the last one only the newest are taken. Eva Müller is the
    first, with every kind of letter, a statement that replaces another, and in March a reminder with a late fee that a
    second one corrects.
    """
    span = months.whole_months_before(until, MONTHS)
    sendings: list[Sending] = []
    for number in itertools.count():
        if len(sendings) >= count:
            break
        mail = sorted(_mail_of(household(seed, number), span, seed), key=lambda sending: sending.issued_on)
        sendings += mail[-(count - len(sendings)) :]
    return _numbered(sendings)


def _numbered(sendings: list[Sending]) -> list[Letter]:
    """Give each month a run, and each letter its number in it."""
    runs: dict[int, list[Sending]] = {}
    for sending in sendings:
        runs.setdefault(months.month_of(sending.issued_on), []).append(sending)
    letters: list[Letter] = []
    wrong: dict[str, str] = {}
    for month in sorted(runs):
        for place, sending in enumerate(runs[month], start=1):
            letter = _letter(sending, f"JOB{months.first_day(month):%Y%m}", place)
            key, reason = _correctable(sending, letter.account_number)
            if key and sending.corrects and key in wrong:
                letter = replace(letter, replaces=(wrong[key], reason))
            if key:
                wrong[key] = letter.external_id
            letters.append(letter)
    return letters


def _correctable(sending: Sending, account: str) -> tuple[str, str]:
    """Return what a later letter is known by as a correction of this one, and why; empty where none is."""
    if isinstance(sending.content, Statement):
        return f"{account}/{sending.content.month}", REASON_OF_REPLACEMENT
    if isinstance(sending.content, Notice) and sending.content.open_cents:
        return f"{account}/late/{months.month_of(sending.issued_on)}", REASON_OF_REMINDER
    return "", ""


def _letter(sending: Sending, batch: str, place: int) -> Letter:
    home, retail = sending.home, sending.brand is RETAIL
    day = sending.issued_on
    return Letter(
        brand=sending.brand,
        content=sending.content,
        holders=home.holders,
        customer_id=home.customer_id_on(day) if retail else home.holders[0].customer_id,
        account_number=home.account_on(day) if retail else f"{80_000 + 13 * home.number:08}",
        branch=home.branch if retail else "",
        language=home.language,
        issued_on=day,
        batch=batch,
        external_id=f"{batch}-{place:06}",
        run_sequence=place,
        channels=_channels(home),
    )


def _channels(home: Household) -> tuple[str, ...]:
    """Two households in three chose all channels, the others paper, some of them with e-mail."""
    if home.number % 3 != 1:
        return ALL_CHANNELS
    return ("print", "email") if home.number % 4 == 0 else ("print",)


def _mail_of(home: Household, span: range, seed: int) -> Iterator[Sending]:
    """Yield the letters of a household: of the bank, of the mutual, or of both."""
    banks = home.number % 5 in (0, 3) or home.number in (1, 2)
    key = f"{seed}/{home.number}"
    for month in span:
        if banks:
            yield from _bank_mail(home, key, month, is_wrong=home.number == 0 and month == span[-2])
        if not banks or home.number % 4 == 0:
            yield from _mutual_mail(home, key, month)


def _bank_mail(home: Household, key: str, month: int, *, is_wrong: bool) -> Iterator[Sending]:
    statement = make_statement(key=key, month=month, branch=home.branch, language=home.language)
    last = months.last_day(month)
    if is_wrong:
        yield Sending(home, RETAIL, last, statement.wrongly_booked())
        yield Sending(home, RETAIL, last + 4 * months.DAY, statement, corrects=True)
    else:
        yield Sending(home, RETAIL, last, statement)
    if month % 3 == 0 and home.number % 4 != 2:
        yield _bill(home, RETAIL, key, month, months.day_in(month, 12))
    if month % 12 == home.number * 5 % 12:
        yield _policy(home, RETAIL, key, month)
    yield from _notices(home, RETAIL, f"{key}/bank", month)
    if home.number == 0 and months.first_day(month).month == 3:
        yield from _reminders(home, month)


def _reminders(home: Household, month: int) -> Iterator[Sending]:
    """Yield the reminder with a late fee that people look for in examples, and the one that corrects it."""
    due = months.day_in(month, 27)
    yield Sending(home, RETAIL, months.day_in(month, 10), Notice("late_fee", due, LATE_CENTS))
    yield Sending(home, RETAIL, months.day_in(month, 13), Notice("late_fee", due, STILL_LATE_CENTS), corrects=True)


def _mutual_mail(home: Household, key: str, month: int) -> Iterator[Sending]:
    if month % 3 == home.number % 3:
        yield _bill(home, COMMERCIAL, key, month, months.day_in(month, 6 + home.number % 20))
    if month % 12 == home.number * 7 % 12:
        yield _policy(home, COMMERCIAL, key, month)
    yield from _notices(home, COMMERCIAL, f"{key}/mutual", month)


def _bill(home: Household, brand: Brand, key: str, month: int, day: datetime.date) -> Sending:
    number = f"R-{day.year}-{day.month:02}{home.number:05}"
    content = make_bill(key=key, month=month - 1, unit=brand.unit, language=home.language, issued_on=day, number=number)
    return Sending(home, brand, day, content)


def _policy(home: Household, brand: Brand, key: str, month: int) -> Sending:
    number = f"{'NW' if brand is RETAIL else 'HM'}-{100_000 + 7 * home.number:07}"
    first = months.first_day(month + 1)
    content = make_policy(key=key, first=first, unit=brand.unit, language=home.language, number=number)
    return Sending(home, brand, months.day_in(month, 9 + home.number % 10), content)


def _notices(home: Household, brand: Brand, key: str, month: int) -> Iterator[Sending]:
    chance = random.Random(f"{key}/notices/{month}")  # noqa: S311  (repeatable on purpose)
    if chance.random() < _NOTICES_A_MONTH:
        day = months.day_in(month, chance.randrange(3, 26))
        yield Sending(home, brand, day, make_notice(key=key, month=month, unit=brand.unit, issued_on=day))
