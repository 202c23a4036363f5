"""Notices of one page: a payment that is late, a change of terms, a change of price."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from typing import Any

from portal.demo import months, wording
from portal.demo.letters import CLOSING, Letter
from portal.demo.sheet import Sheet

LATE_FEE_CENTS = 500
KINDS = ("late_fee", "terms", "rate")

_SUBJECT = {
    "late_fee": {
        "en": "Your payment is late: reminder and late fee",
        "de": "Ihre Zahlung fehlt: Mahnung und Mahngebühr",
    },
    "terms": {"en": "Change of our terms on {day}", "de": "Änderung unserer Bedingungen zum {day}"},
    "rate": {"en": "Change of your interest rate on {day}", "de": "Änderung Ihres Zinssatzes zum {day}"},
}
_TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "late_fee": {
        "en": (
            "We have not received the payment of {open} that was due some weeks ago. It may simply have slipped your "
            "mind, or our letters may have crossed: if you have paid meanwhile, please regard this one as settled.",
            "Otherwise please pay {total} by {day}. The amount contains a late fee of {fee}, as our list of prices "
            "provides.",
            "If you cannot pay the whole sum at once, call us before that day. We will find a way; many members pay "
            "in three instalments, without further cost.",
            "If we hear nothing, we must pass the claim on. That would cost you more, and we would rather avoid it.",
        ),
        "de": (
            "die Zahlung über {open}, die vor einigen Wochen fällig war, ist bei uns nicht eingegangen. Vielleicht "
            "haben Sie nur nicht daran gedacht, oder unsere Schreiben haben sich gekreuzt: Haben Sie inzwischen "
            "gezahlt, betrachten Sie dieses bitte als erledigt.",
            "Andernfalls zahlen Sie bitte {total} bis zum {day}. Der Betrag enthält eine Mahngebühr von {fee} nach "
            "unserem Preisverzeichnis.",
            "Können Sie nicht alles auf einmal zahlen, rufen Sie uns vor diesem Tag an. Wir finden einen Weg; viele "
            "zahlen in drei Raten, ohne weitere Kosten.",
            "Hören wir nichts, müssen wir die Forderung weitergeben. Das würde Sie mehr kosten, und wir möchten es "
            "vermeiden.",
        ),
    },
    "terms": {
        "en": (
            "Our general terms change on {day}. We want you to know what is new without reading forty pages, so here "
            "it is in three points.",
            "First, payments that you order in the app until 8 p.m. are carried out on the same day; so far it was 6 "
            "p.m. Second, you may now end any additional service by the end of each month, without notice. Third, we "
            "answer complaints within ten working days, and tell you by then who is working on it.",
            "If you agree, you need do nothing but tell us so in your online mailbox, at the counter or with the "
            "reply card. Without your consent the former terms go on; we shall then talk to you about what that "
            "means.",
            "The complete text, with every change marked, lies in your online mailbox and in every branch. We send "
            "it by post free of charge if you wish.",
        ),
        "de": (
            "unsere Allgemeinen Bedingungen ändern sich zum {day}. Damit Sie nicht vierzig Seiten lesen müssen, "
            "steht hier in drei Punkten, was neu ist.",
            "Erstens: Aufträge, die Sie bis 20 Uhr in der App erteilen, führen wir am selben Tag aus; bisher war es "
            "18 Uhr. Zweitens: Sie können jede Zusatzleistung zum Ende eines Monats ohne Frist beenden. Drittens: "
            "Beschwerden beantworten wir innerhalb von zehn Arbeitstagen und sagen Ihnen bis dahin, wer daran "
            "arbeitet.",
            "Sind Sie einverstanden, sagen Sie es uns bitte im Online-Postfach, am Schalter oder mit der "
            "Antwortkarte. Ohne Ihre Zustimmung gelten die bisherigen Bedingungen weiter; wir sprechen dann mit "
            "Ihnen darüber, was das bedeutet.",
            "Den vollständigen Text mit allen Änderungen finden Sie im Online-Postfach und in jeder Filiale. Auf "
            "Wunsch senden wir ihn kostenlos mit der Post.",
        ),
    },
    "rate": {
        "en": (
            "The central bank has changed its key rate, and your contract says that we pass this on. On {day} the "
            "interest rate of your arrangement changes accordingly, by a quarter of a percentage point.",
            "You do not have to do anything. Standing orders and direct debits remain as they are; the next "
            "statement or bill shows interest at the old and at the new rate, each with its number of days.",
            "You may end the arrangement without cost until the day before the change. If you would rather have a "
            "rate that is fixed for some years, ask us for an offer; it takes a quarter of an hour.",
        ),
        "de": (
            "die Zentralbank hat ihren Leitzins geändert, und Ihr Vertrag sieht vor, dass wir das weitergeben. Zum "
            "{day} ändert sich der Zinssatz Ihrer Vereinbarung deshalb um einen viertel Prozentpunkt.",
            "Sie müssen nichts tun. Daueraufträge und Lastschriften bleiben, wie sie sind; die nächste Abrechnung "
            "weist Zinsen zum alten und zum neuen Satz mit den jeweiligen Tagen aus.",
            "Bis zum Tag vor der Änderung können Sie die Vereinbarung kostenlos beenden. Hätten Sie lieber einen "
            "Satz, der für einige Jahre fest ist, fragen Sie nach einem Angebot; es dauert eine Viertelstunde.",
        ),
    },
}
_LABELS = {
    "en": ("Open amount", "Late fee", "To pay by {day}", "Takes effect on"),
    "de": ("Offener Betrag", "Mahngebühr", "Zu zahlen bis {day}", "Gilt ab"),
}
_ROLE = {"en": "Customer Care", "de": "Kundenbetreuung"}
_SMS = {
    "late_fee": {
        "en": "{firm}: a payment of {total} is overdue. Please pay by {day} or call {phone}.",
        "de": "{firm}: Eine Zahlung über {total} ist überfällig. Bitte zahlen Sie bis {day} oder rufen Sie an: "
        "{phone}.",
    },
    "terms": {
        "en": "{firm}: our terms change on {day}. What is new stands in your online mailbox.",
        "de": "{firm}: Unsere Bedingungen ändern sich zum {day}. Was neu ist, steht im Online-Postfach.",
    },
    "rate": {
        "en": "{firm}: your interest rate changes on {day}. Details are in your online mailbox.",
        "de": "{firm}: Ihr Zinssatz ändert sich zum {day}. Einzelheiten im Online-Postfach.",
    },
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing a customer must know, and the day it counts from. `open_cents` is 0 unless a payment is late."""

    kind: str
    day: datetime.date
    open_cents: int = 0

    @property
    def total(self) -> int:
        """Return what is to be paid, fee included, in cents."""
        return self.open_cents + LATE_FEE_CENTS if self.open_cents else 0

    @property
    def document_class(self) -> str:
        return "notice"

    def subject(self, letter: Letter) -> str:
        return letter.say(_SUBJECT[self.kind], day=letter.day(self.day))

    def index(self, letter: Letter) -> dict[str, Any]:
        index: dict[str, Any] = {"branch": letter.branch} if letter.brand.unit == "retail" else {}
        if self.open_cents:
            index |= {"amount": wording.plain(self.total), "due_on": self.day.isoformat()}
        return index

    def highlights(self, letter: Letter) -> list[tuple[str, str]]:
        open_amount, fee, to_pay, effect = _LABELS[letter.language]
        if not self.open_cents:
            return [(effect, letter.day(self.day))]
        return [
            (open_amount, letter.euro(self.open_cents)),
            (fee, letter.euro(LATE_FEE_CENTS)),
            (to_pay.format(day=letter.day(self.day)), letter.euro(self.total)),
        ]

    def paragraphs(self, letter: Letter) -> list[str]:
        values = {
            "day": letter.day(self.day),
            "open": letter.euro(self.open_cents),
            "fee": letter.euro(LATE_FEE_CENTS),
            "total": letter.euro(self.total),
        }
        return [text.format(**values) for text in _TEXTS[self.kind][letter.language]]

    def message(self, letter: Letter) -> str:
        brand, day, total = letter.brand, letter.day(self.day), letter.euro(self.total)
        return letter.say(_SMS[self.kind], firm=brand.name, day=day, total=total, phone=brand.phone)

    def print_on(self, sheet: Sheet, letter: Letter) -> None:
        first, *others = self.paragraphs(letter)
        sheet.paragraph(first)
        sheet.gap(10)
        sheet.summary(self.highlights(letter))
        for text in others:
            sheet.paragraph(text)
        sheet.gap(6)
        sheet.sign(CLOSING[letter.language], "Katarzyna Wójcik", _ROLE[letter.language])


def make_notice(*, key: str, month: int, unit: str, issued_on: datetime.date) -> Notice:
    """Make a notice of some kind for a customer, as fits the firm."""
    chance = random.Random(f"{key}/notice/{month}")  # noqa: S311  (repeatable on purpose)
    kind = chance.choice(KINDS if unit == "retail" else KINDS[:2])
    if kind == "late_fee":
        return Notice(kind, issued_on + 10 * months.DAY, chance.randrange(2_000, 38_000))
    return Notice(kind, months.first_day(months.month_of(issued_on) + 2))
