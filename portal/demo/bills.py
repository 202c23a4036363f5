"""Bills: energy of the mutual, services of the bank; items, tax and a payment slip."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from portal.demo import months, wording
from portal.demo.brands import iban
from portal.demo.letters import CLOSING, Letter
from portal.demo.sheet import Column, Sheet

VAT_PERCENT = 19

_SUBJECT = {"en": "Bill {number}, due on {due}", "de": "Rechnung {number}, fällig am {due}"}
_INTRO = {
    "retail": {
        "en": "Thank you for using our services. For the quarter that ended in {month} we charge:",
        "de": "vielen Dank, dass Sie unsere Dienste nutzen. Für das Quartal bis {month} berechnen wir:",
    },
    "commercial": {
        "en": "Thank you for your custom. We have read your meter and charge for the quarter that ended in {month}:",
        "de": "vielen Dank für Ihr Vertrauen. Wir haben Ihren Zähler abgelesen und berechnen für das Quartal bis "
        "{month}:",
    },
}
_HEADS = {
    "en": ("Item", "Quantity", "Unit", "Price", "Amount"),
    "de": ("Posten", "Menge", "Einheit", "Preis", "Betrag"),
}
_SUMS = {"en": ("Net", "VAT {rate} %", "To pay"), "de": ("Netto", "Umsatzsteuer {rate} %", "Zu zahlen")}
_DUE = {"en": "Payable by", "de": "Zahlbar bis"}
_NUMBER = {"en": "Bill number", "de": "Rechnungsnummer"}
_PAY = {
    "en": "Please pay {total} by {due}. Use the slip, or transfer the amount and give the bill number, so that we "
    "can tell it is yours. If you have given us a mandate, we collect the amount on the day and you need do nothing.",
    "de": "Bitte zahlen Sie {total} bis zum {due}. Nutzen Sie den Zahlschein oder überweisen Sie unter Angabe der "
    "Rechnungsnummer, damit wir die Zahlung zuordnen können. Haben Sie uns ein Mandat erteilt, buchen wir den Betrag "
    "an diesem Tag ab; Sie müssen nichts tun.",
}
_USE = {"en": "Your use over twelve months", "de": "Ihr Verbrauch über zwölf Monate"}
_METER = {
    "en": "Meter {meter}: reading {old} kWh at the start and {new} kWh at the end of the quarter. The reading was "
    "sent by your smart meter.",
    "de": "Zähler {meter}: Stand {old} kWh zu Beginn und {new} kWh am Ende des Quartals. Den Stand hat Ihr "
    "intelligenter Zähler übermittelt.",
}
_ADVICE = {
    "en": "Electricity mix: wind 48 %, sun 21 %, water 14 %, gas 17 %; 112 g of carbon dioxide for each kWh. You may "
    "cancel with two weeks' notice. If you disagree with this bill, tell us first; you may then turn to the energy "
    "ombudsman.",
    "de": "Strommix: Wind 48 %, Sonne 21 %, Wasser 14 %, Gas 17 %; 112 g Kohlendioxid je kWh. Sie können mit einer "
    "Frist von zwei Wochen kündigen. Sind Sie mit der Rechnung nicht einverstanden, sagen Sie es zuerst uns; danach "
    "steht Ihnen die Schlichtungsstelle Energie offen.",
}
_SERVICE_NOTE = {
    "en": "Prices are those of our list of services, which hangs in every branch and stands on our website. "
    "Statements, transfers in the app and your first card are free of charge.",
    "de": "Es gelten die Preise unseres Leistungsverzeichnisses, das in jeder Filiale aushängt und auf unserer Website "
    "steht. Kontoauszüge, Überweisungen in der App und Ihre erste Karte sind kostenlos.",
}
_PRICES_HEAD = {"en": "What our services cost", "de": "Was unsere Dienste kosten"}
_PRICE_HEADS = {"en": ("Service", "Price without VAT, EUR"), "de": ("Leistung", "Preis ohne USt., EUR")}
_PRICES = (
    ({"en": "Account, premium plan, a month", "de": "Konto, Premium, im Monat"}, 790),
    ({"en": "Safe deposit box, small, a month", "de": "Schließfach, klein, im Monat"}, 420),
    ({"en": "Safe deposit box, medium, a month", "de": "Schließfach, mittel, im Monat"}, 650),
    ({"en": "Safe deposit box, large, a month", "de": "Schließfach, groß, im Monat"}, 1_190),
    ({"en": "Second card, a year", "de": "Zweitkarte, im Jahr"}, 1_200),
    ({"en": "Replacement of a card", "de": "Ersatzkarte"}, 950),
    ({"en": "Express transfer", "de": "Echtzeitüberweisung"}, 45),
    ({"en": "Copy of a statement by post", "de": "Zweitschrift eines Auszugs mit der Post"}, 250),
    ({"en": "Certificate of balances", "de": "Saldenbestätigung"}, 1_500),
)
_SLIP = {
    "en": ("Payment slip", "Payee", "IBAN", "Payer", "Reference"),
    "de": ("Zahlschein", "Empfänger", "IBAN", "Zahler", "Verwendungszweck"),
}
_EMAIL = {
    "en": "Your bill {number} over {total} is ready. It is payable by {due}.",
    "de": "Ihre Rechnung {number} über {total} ist da. Sie ist zahlbar bis zum {due}.",
}
_MANDATE = {
    "en": "If you have given us a mandate, we collect the amount on the day and you need do nothing.",
    "de": "Haben Sie uns ein Mandat erteilt, buchen wir den Betrag an diesem Tag ab; Sie müssen nichts tun.",
}
_SMS = {
    "en": "{firm}: bill {number} over {total} is payable by {due}. Details are in your online mailbox.",
    "de": "{firm}: Rechnung {number} über {total} ist zahlbar bis {due}. Einzelheiten im Online-Postfach.",
}
_PIECES = {"en": "pc", "de": "Stk."}
_MONTHS = {"en": "month", "de": "Monat"}
_ENERGY = {
    "en": ("Electricity, day and night", "Standing charge", "Metering", "Grid levy"),
    "de": ("Strom, Tag und Nacht", "Grundpreis", "Messung", "Netzumlage"),
}
_SERVICES = {
    "en": ("Account, premium plan", "Safe deposit box, medium", "Second card", "Express transfers"),
    "de": ("Konto, Premium", "Schließfach, mittel", "Zweitkarte", "Echtzeitüberweisungen"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a bill; the price of one unit is in tenths of a cent."""

    text: str
    quantity: int
    unit: str
    price_tenths: int

    @property
    def cents(self) -> int:
        """Return the line's amount."""
        return _rounded(Decimal(self.quantity * self.price_tenths) / 10)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid for a quarter. Its items make the net, net and tax make the total."""

    number: str
    month: int
    due_on: datetime.date
    items: tuple[Item, ...]
    use: tuple[int, ...]
    meter: str = ""

    @property
    def net(self) -> int:
        """Return the sum of the items, in cents."""
        return sum(item.cents for item in self.items)

    @property
    def vat(self) -> int:
        """Return the tax, in cents."""
        return _rounded(Decimal(self.net * VAT_PERCENT) / 100)

    @property
    def total(self) -> int:
        """Return what is to be paid, in cents."""
        return self.net + self.vat

    @property
    def document_class(self) -> str:
        return "bill"

    def subject(self, letter: Letter) -> str:
        return letter.say(_SUBJECT, number=self.number, due=letter.day(self.due_on))

    def index(self, letter: Letter) -> dict[str, Any]:
        index = {"amount": wording.plain(self.total), "due_on": self.due_on.isoformat()}
        return {"branch": letter.branch, **index} if letter.brand.unit == "retail" else index

    def highlights(self, letter: Letter) -> list[tuple[str, str]]:
        total = _SUMS[letter.language][2]
        return [
            (_NUMBER[letter.language], self.number),
            (total, letter.euro(self.total)),
            (_DUE[letter.language], letter.day(self.due_on)),
        ]

    def paragraphs(self, letter: Letter) -> list[str]:
        total, due = letter.euro(self.total), letter.day(self.due_on)
        return [letter.say(_EMAIL, number=self.number, total=total, due=due), letter.say(_MANDATE)]

    def message(self, letter: Letter) -> str:
        total, due = letter.euro(self.total), letter.day(self.due_on)
        return letter.say(_SMS, firm=letter.brand.name, number=self.number, total=total, due=due)

    def print_on(self, sheet: Sheet, letter: Letter) -> None:
        language = letter.language
        month = wording.month_name(months.first_day(self.month), language)
        sheet.paragraph(letter.say(_INTRO[letter.brand.unit], month=month))
        sheet.gap(8)
        sheet.summary(self.highlights(letter))
        right = (False, True, False, True, True)
        widths = (69, 22, 20, 26, 28)
        columns = [Column(*column) for column in zip(_HEADS[language], widths, right, strict=True)]
        sheet.table(columns, [self._row(item, letter) for item in self.items])
        net, vat, total = _SUMS[language]
        sheet.total(
            [
                (net, letter.euro(self.net)),
                (vat.format(rate=VAT_PERCENT), letter.euro(self.vat)),
                (total, letter.euro(self.total)),
            ]
        )
        sheet.paragraph(letter.say(_PAY, total=letter.euro(self.total), due=letter.day(self.due_on)))
        sheet.sign(CLOSING[language], "Martin Hübner", {"en": "Customer accounts", "de": "Kundenkonten"}[language])
        self._second_page(sheet, letter)

    def _second_page(self, sheet: Sheet, letter: Letter) -> None:
        sheet.new_page()
        if self.use:
            self._print_use(sheet, letter)
        else:
            self._print_prices(sheet, letter)
        title, payee, account, payer, reference = _SLIP[letter.language]
        number = iban(letter.brand.bank_code, letter.brand.creditor_account)
        fields = [
            (payee, letter.brand.legal[0][0]),
            (account, number),
            (payer, letter.holders[0].name),
            (reference, f"{self.number} {letter.customer_id}"),
        ]
        sheet.slip(title, fields, letter.amount(self.total))

    def _print_use(self, sheet: Sheet, letter: Letter) -> None:
        sheet.section(_USE[letter.language])
        first = self.month - len(self.use) + 1
        labels = [
            wording.bare_month(months.first_day(first + place), letter.language)[:3] for place in range(len(self.use))
        ]
        sheet.bars(list(zip(labels, self.use, strict=True)), "kWh")
        old = 20_000 + sum(self.use[:-3])
        new = old + sum(self.use[-3:])
        sheet.paragraph(letter.say(_METER, meter=self.meter, old=f"{old}", new=f"{new}"))
        sheet.paragraph(letter.say(_ADVICE), size=8.2)

    def _print_prices(self, sheet: Sheet, letter: Letter) -> None:
        service, price = _PRICE_HEADS[letter.language]
        sheet.section(_PRICES_HEAD[letter.language])
        sheet.gap(6)
        rows = [(text[letter.language], letter.amount(cents)) for text, cents in _PRICES]
        sheet.table([Column(service, 120), Column(price, 45, right=True)], rows)
        sheet.gap(8)
        sheet.paragraph(letter.say(_SERVICE_NOTE))

    def _row(self, item: Item, letter: Letter) -> tuple[str, ...]:
        price = letter.amount(item.price_tenths // 10)
        if item.price_tenths % 10:
            price += f"{item.price_tenths % 10}"
        return item.text, f"{item.quantity}", item.unit, price, letter.amount(item.cents)


def make_bill(*, key: str, month: int, unit: str, language: str, issued_on: datetime.date, number: str) -> Bill:
    """Make the bill of a customer for the quarter that ends with a month; energy for the mutual, services else."""
    chance = random.Random(f"{key}/bill/{month}")  # noqa: S311  (repeatable on purpose)
    due_on = issued_on + 14 * months.DAY
    if unit == "retail":
        return Bill(number, month, due_on, _services(chance, language), ())
    use = tuple(_use(key, month - back) for back in range(11, -1, -1))
    meter = f"1 EMH00 {random.Random(key).randrange(10**7):07}"  # noqa: S311
    return Bill(number, month, due_on, _energy(sum(use[-3:]), language), use, meter)


def _energy(kwh: int, language: str) -> tuple[Item, ...]:
    electricity, standing, metering, levy = _ENERGY[language]
    per_month = _MONTHS[language]
    return (
        Item(electricity, kwh, "kWh", 243),
        Item(standing, 3, per_month, 8_950),
        Item(metering, 3, per_month, 1_420),
        Item(levy, kwh, "kWh", 17),
    )


def _services(chance: random.Random, language: str) -> tuple[Item, ...]:
    plan, box, card, express = _SERVICES[language]
    items = [
        Item(plan, 3, _MONTHS[language], 7_900),
        Item(box, 3, _MONTHS[language], 6_500),
        Item(card, 1, _PIECES[language], 12_000),
        Item(express, chance.randrange(2, 15), _PIECES[language], 450),
    ]
    return (items[0], *chance.sample(items[1:], k=chance.randrange(1, 4)))


def _use(key: str, month: int) -> int:
    """Return the kilowatt hours of a month: more in winter."""
    chance = random.Random(f"{key}/use/{month}")  # noqa: S311  (repeatable on purpose)
    season = abs(month % 12 - 6) * 14
    return 165 + season + chance.randrange(0, 60)


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
