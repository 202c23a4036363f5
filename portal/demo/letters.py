"""A letter: to whom, from whom, when, and what it says; its content knows how to write itself in each channel."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from portal.demo import wording
from portal.demo.brands import Brand
from portal.demo.people import Customer
from portal.demo.sheet import Heading, Sheet

CLOSING = {"en": "Yours sincerely", "de": "Mit freundlichen Grüßen"}
SMS_CHARACTERS = 160
_GREETING = {"en": "Dear {name}", "de": "Guten Tag {name}"}
_AND = {"en": " and ", "de": " und "}
_FACTS = {
    "en": ("Date", "Customer number", "Account number", "Branch", "Questions?"),
    "de": ("Datum", "Kundennummer", "Kontonummer", "Filiale", "Fragen?"),
}


class Content(Protocol):
    """What a letter says."""

    @property
    def document_class(self) -> str:
        """Return the key of its document class."""

    def subject(self, letter: Letter) -> str:
        """Return its subject."""

    def index(self, letter: Letter) -> dict[str, Any]:
        """Return its index fields."""

    def print_on(self, sheet: Sheet, letter: Letter) -> None:
        """Write what stands below the greeting, on paper."""

    def highlights(self, letter: Letter) -> list[tuple[str, str]]:
        """Return the two to four facts that matter, (label, value) each."""

    def paragraphs(self, letter: Letter) -> list[str]:
        """Return the text of the e-mail."""

    def message(self, letter: Letter) -> str:
        """Return the text message, at most 160 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One communication, before it is rendered.

    Shapes: the first holder gets the mail; `customer_id` is his, as it was on the day; `replaces` is (external id,
    reason); `channels` are those it went out by, print first.
    """

    brand: Brand
    content: Content
    holders: tuple[Customer, ...]
    customer_id: str
    account_number: str
    branch: str
    language: str
    issued_on: datetime.date
    batch: str
    external_id: str
    run_sequence: int
    channels: tuple[str, ...] = ("print",)
    replaces: tuple[str, str] | None = None

    @property
    def subject(self) -> str:
        """Return the subject."""
        return self.content.subject(self)

    @property
    def greeting(self) -> str:
        """Return the greeting, which fits everybody."""
        return _GREETING[self.language].format(name=self.names)

    @property
    def names(self) -> str:
        """Return the holders' names as one text."""
        return _AND[self.language].join(holder.name for holder in self.holders)

    def say(self, texts: Mapping[str, str], **values: str) -> str:
        """Return a text in the letter's language, its places filled."""
        return texts[self.language].format(**values)

    def euro(self, cents: int) -> str:
        """Write an amount with its currency."""
        return wording.euro(cents, self.language)

    def amount(self, cents: int) -> str:
        """Write an amount without its currency."""
        return wording.amount(cents, self.language)

    def day(self, day: datetime.date) -> str:
        """Write a day."""
        return wording.long_day(day, self.language)


def print_letter(letter: Letter) -> tuple[bytes, int]:
    """Make the PDF of a letter and count its pages."""
    sheet = Sheet(letter.brand, letter.language, letter.subject, _reference(letter))
    sheet.open_letter(_heading(letter))
    letter.content.print_on(sheet, letter)
    return sheet.pdf()


def _reference(letter: Letter) -> str:
    return f"{letter.external_id} {letter.account_number} {letter.customer_id}"


def _heading(letter: Letter) -> Heading:
    holder = letter.holders[0]
    labels = _FACTS[letter.language]
    branch = ((labels[3], letter.branch),) if letter.brand.unit == "retail" else ()
    return Heading(
        address=(*(person.name for person in letter.holders), holder.street, f"{holder.postcode} {holder.city}"),
        facts=(
            (labels[0], letter.day(letter.issued_on)),
            (labels[1], letter.customer_id),
            (labels[2], letter.account_number),
            *branch,
            (labels[4], letter.brand.phone),
        ),
        subject=letter.subject,
        greeting=letter.greeting,
    )
