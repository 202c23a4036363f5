"""Account statements: entries of a month that lead from one balance to the next."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import random
from dataclasses import dataclass
from typing import Any

from portal.demo import months, wording
from portal.demo.brands import iban
from portal.demo.letters import Letter
from portal.demo.sheet import Column, Sheet

PAYMENTS = range(12, 44)

_CARD = {"en": "Card payment", "de": "Kartenzahlung"}
_DEBIT = {"en": "Direct debit", "de": "Lastschrift"}
_ORDER = {"en": "Standing order", "de": "Dauerauftrag"}
_CASH = {"en": "Cash withdrawal", "de": "Bargeldauszahlung"}
_CREDIT = {"en": "Credit", "de": "Gutschrift"}
_SAVINGS = {"en": "Transfer, savings account", "de": "Umbuchung Sparkonto"}

_SHOPS = (
    ("Bäckerei Sonnenschein", 180, 1450),
    ("Café am Markt", 390, 2800),
    ("Feinkost Albrecht & Söhne", 1100, 8900),
    ("Frischemarkt Südstadt", 850, 12900),
    ("Gartencenter Grünwald", 1500, 14500),
    ("Buchhandlung Leseinsel", 899, 5400),
    ("Apotheke am Rathaus", 495, 4900),
    ("Tankstelle Ringstraße", 3500, 9800),
    ("Ristorante Da Zoé", 2400, 9600),
    ("Stadtkino Lichtblick", 950, 3800),
    ("Schuhhaus Kröger", 3990, 15900),
    ("Verkehrsbetriebe Nordwasser", 290, 4900),
    ("Radwerk Zahnkranz", 1290, 22000),
    ("Drogerie Lindenblüte", 320, 5600),
    ("Baumarkt Hammerwerk", 790, 18900),
)
_DUTIES = (
    ("Wohnbau Lindenhof eG", _ORDER, {"en": "Rent", "de": "Miete"}, 62000, 148000, 1),
    ("Harbour Mutual", _DEBIT, {"en": "Energy, advance payment", "de": "Energie, Abschlag"}, 7400, 18900, 3),
    ("Teleklar Festnetz GmbH", _DEBIT, {"en": "Internet and telephone", "de": "Internet und Telefon"}, 2999, 5499, 5),
    ("Harbour Mutual", _DEBIT, {"en": "Household insurance", "de": "Hausratversicherung"}, 890, 2450, 8),
    ("Turnverein 1890 e. V.", _DEBIT, {"en": "Membership", "de": "Mitgliedsbeitrag"}, 1200, 4500, 15),
)
_EMPLOYERS = ("Maschinenbau Köhler KG", "Klinikum Nordwasser", "Stadtverwaltung, Kasse", "Zöllner Logistik GmbH")
_SALARY = {"en": "Salary", "de": "Gehalt"}
_CARD_NOTE = {"en": "Card ending 4471, contactless", "de": "Karte mit Endziffern 4471, kontaktlos"}
_CASH_NOTE = {"en": "Cash machine, branch {branch}", "de": "Geldautomat, Filiale {branch}"}
_SAVINGS_NOTE = {"en": "Automatic balancing", "de": "Automatischer Ausgleich"}

_SUBJECT = {"en": "Account statement {month}", "de": "Kontoauszug {month}"}
_INTRO = {
    "en": "Here is the statement of your current account for {month}. Please check it and tell us within six weeks if "
    "anything is not as it should be.",
    "de": "hier ist der Auszug Ihres Girokontos für {month}. Bitte prüfen Sie ihn und sagen Sie uns innerhalb von "
    "sechs Wochen, wenn etwas nicht stimmt.",
}
_HEADS = {
    "en": ("Date", "Details", "Paid out", "Paid in", "Balance"),
    "de": ("Datum", "Vorgang", "Ausgang", "Eingang", "Kontostand"),
}
_BALANCES = {
    "en": ("Balance brought forward", "Total paid in", "Total paid out", "Closing balance"),
    "de": ("Alter Kontostand", "Summe Eingänge", "Summe Ausgänge", "Neuer Kontostand"),
}
_NOTES_HEAD = {"en": "Good to know", "de": "Gut zu wissen"}
_NOTES = {
    "en": (
        "Your arranged overdraft is EUR 5,000.00. Interest on it is 9.45 % a year, charged at the end of each quarter.",
        "Deposits with Northwater Bank are protected up to EUR 100,000 for each depositor by the statutory scheme. The "
        "depositor information sheet is sent to you once a year.",
        "Lost a card? Block it in the app or by telephone at any hour. Never tell anyone your PIN, not even us.",
    ),
    "de": (
        "Ihre eingeräumte Kontoüberziehung beträgt 5.000,00 EUR. Der Sollzins dafür ist 9,45 % im Jahr und wird am "
        "Ende jedes Quartals belastet.",
        "Einlagen bei der Northwater Bank sind gesetzlich bis 100.000 EUR je Einleger geschützt. Den Informationsbogen "
        "für den Einleger erhalten Sie einmal im Jahr.",
        "Karte verloren? Sperren Sie sie jederzeit in der App oder telefonisch. Nennen Sie niemandem Ihre PIN, auch "
        "uns nicht.",
    ),
}
_EMAIL = {
    "en": "Your account statement for {month} is ready. The complete statement came to you by post and waits in your "
    "online mailbox.",
    "de": "Ihr Kontoauszug für {month} ist da. Den vollständigen Auszug erhalten Sie mit der Post; er liegt auch in "
    "Ihrem Online-Postfach.",
}
_CHECK = {
    "en": "Please check the entries and tell us within six weeks if anything is not as it should be.",
    "de": "Bitte prüfen Sie die Buchungen und sagen Sie uns innerhalb von sechs Wochen, wenn etwas nicht stimmt.",
}
_SMS = {
    "en": "Northwater Bank: your {month} statement for account ..{tail} is ready. Balance {balance}. Read it in your "
    "online mailbox.",
    "de": "Northwater Bank: Ihr Kontoauszug {month} für Konto ..{tail} ist da. Kontostand {balance}. Mehr im "
    "Online-Postfach.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking; positive is paid in."""

    day: datetime.date
    text: str
    note: str
    cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The bookings of one month. Its balances add up: opening and entries make closing."""

    month: int
    opening: int
    entries: tuple[Entry, ...]

    @property
    def closing(self) -> int:
        """Return the balance at the end."""
        return self.opening + sum(entry.cents for entry in self.entries)

    @property
    def document_class(self) -> str:
        return "statement"

    def subject(self, letter: Letter) -> str:
        return letter.say(_SUBJECT, month=self._month(letter))

    def index(self, letter: Letter) -> dict[str, Any]:
        return {"branch": letter.branch, "balance": wording.plain(self.closing)}

    def highlights(self, letter: Letter) -> list[tuple[str, str]]:
        before, paid_in, paid_out, after = _BALANCES[letter.language]
        came, went = self._sums()
        values = ((before, self.opening), (paid_in, came), (paid_out, went), (after, self.closing))
        return [(label, letter.euro(cents)) for label, cents in values]

    def paragraphs(self, letter: Letter) -> list[str]:
        return [letter.say(_EMAIL, month=self._month(letter)), letter.say(_CHECK)]

    def message(self, letter: Letter) -> str:
        month = wording.bare_month(months.first_day(self.month), letter.language)
        return letter.say(_SMS, month=month, tail=letter.account_number[-3:], balance=letter.euro(self.closing))

    def print_on(self, sheet: Sheet, letter: Letter) -> None:
        sheet.paragraph(letter.say(_INTRO, month=self._month(letter)))
        sheet.gap(8)
        before, _, _, after = _BALANCES[letter.language]
        number = iban(letter.brand.bank_code, letter.account_number)
        sheet.summary([("IBAN", number), (before, letter.euro(self.opening)), (after, letter.euro(self.closing))])
        columns = [
            Column(head, width, right)
            for head, width, right in zip(
                _HEADS[letter.language], (19, 71, 24, 24, 27), (False, False, True, True, True), strict=True
            )
        ]
        rows, notes = self._rows(letter)
        sheet.table(columns, rows, notes=notes, tail=90)
        sheet.total(self.highlights(letter))
        sheet.section(_NOTES_HEAD[letter.language], keep=110)
        for text in _NOTES[letter.language]:
            sheet.paragraph(text, size=8.6)

    def wrongly_booked(self) -> Statement:
        """Return the statement with one payment booked twice: what a later one corrects."""
        twice = min((entry for entry in self.entries if entry.cents < 0), key=lambda entry: entry.cents)
        entries = sorted((*self.entries, twice), key=lambda entry: entry.day)
        return dataclasses.replace(self, entries=tuple(entries))

    def _month(self, letter: Letter) -> str:
        return wording.month_name(months.first_day(self.month), letter.language)

    def _sums(self) -> tuple[int, int]:
        amounts = [entry.cents for entry in self.entries]
        return sum(cents for cents in amounts if cents > 0), sum(cents for cents in amounts if cents < 0)

    def _rows(self, letter: Letter) -> tuple[list[tuple[str, ...]], list[str]]:
        balance = self.opening
        rows: list[tuple[str, ...]] = []
        for entry in self.entries:
            balance += entry.cents
            out = letter.amount(entry.cents) if entry.cents < 0 else ""
            paid_in = letter.amount(entry.cents) if entry.cents >= 0 else ""
            day = wording.short_day(entry.day, letter.language)
            rows.append((day, entry.text, out, paid_in, letter.amount(balance)))
        return rows, [entry.note for entry in self.entries]


def make_statement(*, key: str, month: int, branch: str, language: str, payments: range = PAYMENTS) -> Statement:
    """Make the statement of an account for a month; each opens with the balance that the one before closed with.

    Shapes: `key` names the account to the generator; the same key and month make the same statement; `payments` is
    how many there may be besides what comes each month.
    """
    opening, closing = balance_at_end(key, month - 1), balance_at_end(key, month)
    chance = random.Random(f"{key}/statement/{month}")  # noqa: S311  (repeatable on purpose)
    entries = [*_duties(key, month, language), *_daily(chance, month, branch, language, payments)]
    missing = closing - opening - sum(entry.cents for entry in entries)
    if missing:
        entries.append(Entry(months.day_in(month, 28), _SAVINGS[language], _SAVINGS_NOTE[language], missing))
    return Statement(month, opening, tuple(sorted(entries, key=lambda entry: entry.day)))


def balance_at_end(key: str, month: int) -> int:
    """Return the balance of an account at the end of a month, in cents; about one a year is below zero."""
    chance = random.Random(f"{key}/balance/{month}")  # noqa: S311  (repeatable on purpose)
    overdrawn = chance.random() < 0.08
    return chance.randrange(-90_000, -1_000) if overdrawn else chance.randrange(120_000, 680_000)


@functools.lru_cache(maxsize=1024)
def _habits(key: str) -> tuple[str, int, tuple[int, ...]]:
    """Return employer, salary and the fixed amounts of an account, the same every month."""
    chance = random.Random(f"{key}/habits")  # noqa: S311  (repeatable on purpose)
    duties = tuple(chance.randrange(low, high) for _, _, _, low, high, _ in _DUTIES)
    return chance.choice(_EMPLOYERS), chance.randrange(218_000, 489_000), duties


def _duties(key: str, month: int, language: str) -> list[Entry]:
    employer, salary, amounts = _habits(key)
    entries = [
        Entry(months.day_in(month, day), f"{kind[language]} {payee}", purpose[language], -cents)
        for (payee, kind, purpose, _, _, day), cents in zip(_DUTIES, amounts, strict=True)
    ]
    note = f"{_SALARY[language]} {wording.month_name(months.first_day(month), language)}"
    return [*entries, Entry(months.day_in(month, 27), f"{_CREDIT[language]} {employer}", note, salary)]


def _daily(chance: random.Random, month: int, branch: str, language: str, payments: range) -> list[Entry]:
    entries: list[Entry] = []
    for _ in range(chance.choice(payments)):
        day = months.day_in(month, chance.randrange(1, 28))
        if chance.random() < 0.1:
            note = _CASH_NOTE[language].format(branch=branch)
            entries.append(Entry(day, _CASH[language], note, -1000 * chance.choice((2, 5, 10, 20))))
            continue
        shop, low, high = chance.choice(_SHOPS)
        entries.append(Entry(day, f"{_CARD[language]} {shop}", _CARD_NOTE[language], -chance.randrange(low, high)))
    return entries
