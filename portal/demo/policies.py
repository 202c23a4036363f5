"""Insurance policies: a cover letter, the schedule of cover, the premium, the conditions."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from portal.demo import months, wording
from portal.demo.letters import CLOSING, Letter
from portal.demo.policy_texts import CONDITIONS, PRODUCTS
from portal.demo.sheet import Column, Sheet

TAX_PERCENT = 19

_SUBJECT = {"en": "{product}: your policy {number}", "de": "{product}: Ihr Versicherungsschein {number}"}
_INTRO = {
    "en": (
        "Thank you for your trust. This is your policy for the year from {first} to {last}. Please keep it; it says "
        "what is insured, up to which sum, and what you pay for it.",
        "Please compare the schedule of cover on the next page with what you asked for. If something is missing or "
        "wrong, tell us within one month; after that the policy counts as accepted.",
        "Nothing changes in how you reach us: call us, write to us, or use your online mailbox, where this policy "
        "lies as well. After a loss, call first: we are there day and night.",
    ),
    "de": (
        "vielen Dank für Ihr Vertrauen. Dies ist Ihr Versicherungsschein für das Jahr vom {first} bis {last}. Bitte "
        "bewahren Sie ihn auf; er sagt, was bis zu welcher Summe versichert ist und was Sie dafür zahlen.",
        "Bitte vergleichen Sie die Übersicht auf der nächsten Seite mit Ihrem Antrag. Fehlt etwas oder ist etwas "
        "falsch, sagen Sie es uns innerhalb eines Monats; danach gilt der Schein als genehmigt.",
        "Sie erreichen uns wie gewohnt: telefonisch, schriftlich oder über Ihr Online-Postfach, in dem dieser Schein "
        "auch liegt. Im Schadenfall rufen Sie zuerst an: Wir sind Tag und Nacht da.",
    ),
}
_SIGNED = {"en": "Head of Services", "de": "Leitung Service"}
_SIGNER = {"retail": "Aylin Öztürk", "commercial": "Henrike Lüders"}
_SCHEDULE = {"en": "Schedule of cover", "de": "Übersicht des Versicherungsschutzes"}
_INSURED = {"en": "Insured place", "de": "Versicherungsort"}
_HEADS = {
    "en": ("Cover", "Sum insured, EUR", "Excess, EUR", "Premium, EUR"),
    "de": ("Baustein", "Summe, EUR", "Selbstbehalt, EUR", "Beitrag, EUR"),
}
_SUMS = {
    "en": ("Premium for the year", "Insurance tax {rate} %", "Total for the year"),
    "de": ("Jahresbeitrag", "Versicherungsteuer {rate} %", "Gesamtbeitrag im Jahr"),
}
_LABELS = {
    "en": ("Policy number", "Insured from", "Total for the year"),
    "de": ("Versicherungsnummer", "Versichert ab", "Gesamtbeitrag im Jahr"),
}
_INSTALMENTS = {"en": "How the premium is paid", "de": "So wird der Beitrag gezahlt"}
_INSTALMENT_HEADS = {"en": ("Instalment", "Due on", "Amount, EUR"), "de": ("Rate", "Fällig am", "Betrag, EUR")}
_CONDITIONS = {"en": "Conditions of insurance", "de": "Versicherungsbedingungen"}
_EMAIL = {
    "en": "Your policy {number} for the year from {first} is ready. The paper version is on its way to you.",
    "de": "Ihr Versicherungsschein {number} für das Jahr ab {first} ist da. Die Papierfassung ist unterwegs zu Ihnen.",
}
_COMPARE = {
    "en": "Please compare the schedule of cover with what you asked for, and tell us within one month if anything is "
    "wrong.",
    "de": "Bitte vergleichen Sie die Übersicht mit Ihrem Antrag und sagen Sie uns innerhalb eines Monats, wenn etwas "
    "falsch ist.",
}
_SMS = {
    "en": "{firm}: your policy {number} is ready and valid from {first}. Read it in your online mailbox.",
    "de": "{firm}: Ihr Versicherungsschein {number} ist da und gilt ab {first}. Mehr im Online-Postfach.",
}


@dataclass(frozen=True, slots=True)
class Cover:
    """One thing that is insured; amounts in cents, `note` says where it ends."""

    text: str
    note: str
    insured: int
    excess: int
    premium: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A year of insurance. Its covers make the premium, premium and tax the total."""

    number: str
    product: str
    first: datetime.date
    last: datetime.date
    covers: tuple[Cover, ...]

    @property
    def premium(self) -> int:
        """Return the premium of the year without tax, in cents."""
        return sum(cover.premium for cover in self.covers)

    @property
    def tax(self) -> int:
        """Return the tax on it, in cents."""
        return int((Decimal(self.premium * TAX_PERCENT) / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    @property
    def total(self) -> int:
        """Return what the year costs, in cents."""
        return self.premium + self.tax

    @property
    def document_class(self) -> str:
        return "policy"

    def subject(self, letter: Letter) -> str:
        return letter.say(_SUBJECT, product=self.product, number=self.number)

    def index(self, letter: Letter) -> dict[str, Any]:
        index = {"policy_number": self.number, "amount": wording.plain(self.total)}
        return {"branch": letter.branch, **index} if letter.brand.unit == "retail" else index

    def highlights(self, letter: Letter) -> list[tuple[str, str]]:
        number, first, total = _LABELS[letter.language]
        return [(number, self.number), (first, letter.day(self.first)), (total, letter.euro(self.total))]

    def paragraphs(self, letter: Letter) -> list[str]:
        return [letter.say(_EMAIL, number=self.number, first=letter.day(self.first)), letter.say(_COMPARE)]

    def message(self, letter: Letter) -> str:
        return letter.say(_SMS, firm=letter.brand.name, number=self.number, first=letter.day(self.first))

    def print_on(self, sheet: Sheet, letter: Letter) -> None:
        language = letter.language
        for text in _INTRO[language]:
            sheet.paragraph(text.format(first=letter.day(self.first), last=letter.day(self.last)))
        sheet.gap(10)
        sheet.summary(self.highlights(letter))
        sheet.sign(CLOSING[language], _SIGNER[letter.brand.unit], _SIGNED[language])
        sheet.new_page()
        self._print_schedule(sheet, letter)
        self._print_instalments(sheet, letter)
        sheet.new_page()
        sheet.section(_CONDITIONS[language])
        for number, (title, text) in enumerate(CONDITIONS[language], start=1):
            sheet.keep(46)
            sheet.paragraph(f"{number}  {title}", size=9, colour=letter.brand.colour, bold=True)
            sheet.paragraph(text, size=8.8)
            sheet.gap(3)

    def _print_schedule(self, sheet: Sheet, letter: Letter) -> None:
        sheet.section(_SCHEDULE[letter.language])
        holder = letter.holders[0]
        sheet.paragraph(f"{_INSURED[letter.language]}: {holder.street}")
        sheet.gap(10)
        widths, right = (76, 32, 29, 28), (False, True, True, True)
        columns = [Column(*column) for column in zip(_HEADS[letter.language], widths, right, strict=True)]
        rows = [
            (cover.text, letter.amount(cover.insured), letter.amount(cover.excess), letter.amount(cover.premium))
            for cover in self.covers
        ]
        sheet.table(columns, rows, notes=[cover.note for cover in self.covers], note_column=0)
        premium, tax, total = _SUMS[letter.language]
        sheet.total(
            [
                (premium, letter.euro(self.premium)),
                (tax.format(rate=TAX_PERCENT), letter.euro(self.tax)),
                (total, letter.euro(self.total)),
            ]
        )

    def _print_instalments(self, sheet: Sheet, letter: Letter) -> None:
        sheet.section(_INSTALMENTS[letter.language], keep=140)
        sheet.gap(4)
        quarter, rest = divmod(self.total, 4)
        rows = []
        for number in range(4):
            month = self.first.month - 1 + 3 * number
            due = datetime.date(self.first.year + month // 12, month % 12 + 1, 1)
            rows.append((f"{number + 1}", letter.day(due), letter.amount(quarter + (rest if number == 0 else 0))))
        columns = [
            Column(*column)
            for column in zip(_INSTALMENT_HEADS[letter.language], (40, 80, 45), (False, False, True), strict=True)
        ]
        sheet.table(columns, rows)


def make_policy(*, key: str, first: datetime.date, unit: str, language: str, number: str) -> Policy:
    """Make the policy of a customer for the year that begins on a day."""
    chance = random.Random(f"{key}/policy")  # noqa: S311  (repeatable on purpose)
    products = PRODUCTS[unit]
    product = products[chance.randrange(len(products))]
    increase = first.year % 10
    covers = tuple(
        Cover(
            text[language], note[language], insured, excess, premium + chance.randrange(0, premium // 3) + 90 * increase
        )
        for text, note, insured, excess, premium in product.covers
    )
    return Policy(number, product.name[language], first, months.end_of_year_from(first), covers)
