"""Packages of any size: a few dozen real letters, cut where names and numbers stand, filled anew for each document.

A letter's streams are not compressed, so a text of the same length can take another's place and every offset of the
PDF stays right. What is shorter is made up by blanks at the end of its line; a comment before the cross-reference
table makes up the size.
"""

from __future__ import annotations

import base64
import datetime
import io
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from portal.demo import months, wording
from portal.demo.bills import make_bill
from portal.demo.brands import BRANDS, RETAIL, iban
from portal.demo.emails import email_html
from portal.demo.letters import Content, Letter, print_letter
from portal.demo.manifest import manifest_line
from portal.demo.notices import Notice
from portal.demo.package import PackageWriter
from portal.demo.people import BRANCHES, Customer, crowd_member
from portal.demo.policies import make_policy
from portal.demo.rendering import add_resources
from portal.demo.statements import make_statement

DOCUMENTS_FOR_EACH_CUSTOMER = 12
LETTERS = 48
MOST_HELD_BYTES = 64 * 1024 * 1024
FILL = ""
_LEAST_PADDING = 8

_ISSUED, _DUE = datetime.date(2099, 9, 10), datetime.date(2099, 9, 24)
_STATEMENT_MONTH = 2098 * 12 + 8
_NAME, _STREET, _CITY = "Qvnpxz Wkqjzvtrbmgh Quxtqzvkwx", "Xqstreetplacexwq Nq", "Zqtownplacezzzwqqq"
_POSTCODE, _ACCOUNT, _SEQUENCE = "Zqpst", "98765432", 123_454_321
_POLICY, _BILL = "HM-98765432", "R-2099-98765432"
_STRING = re.compile(rb"\((?:[^()\\]|\\.)*\)")
_FILE_ID = re.compile(rb"(?<=<)[0-9a-f]{32}(?=>)")


class SizeTooSmallError(Exception):
    """No letter fits into the size asked for."""


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What package is wanted.

    Shapes: `channels` is print alone or print, email, sms. Units: `size_bytes` of each print document, 0 for what its
    letter has. Both days are included.
    """

    count: int
    first_day: datetime.date
    last_day: datetime.date
    seed: int = 1
    channels: tuple[str, ...] = ("print",)
    size_bytes: int = 0

    def day_of(self, number: int) -> datetime.date:
        """Return the issue day of a document: they spread evenly."""
        days = (self.last_day - self.first_day).days + 1
        return self.first_day + datetime.timedelta(days=number * days // self.count)

    def external_id(self, day: datetime.date, number: int | str) -> str:
        """Return an id that no other seed or number has."""
        return f"{_batch(day)}-{self.seed}-{number:0>{max(6, len(str(self.count)))}}"

    def customer_of(self, number: int) -> int:
        """Return the number of a document's customer: about twelve documents have the same."""
        return (number * 2_654_435_761 >> 9) % self.customers

    @property
    def customers(self) -> int:
        """Return how many customers there are."""
        return -(-self.count // DOCUMENTS_FOR_EACH_CUSTOMER)


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut at its places.

    Shapes: there is one part more than there are places; `widths` is 0 where a value may have any length. Where a
    length must stay, the place FILL at the end of each string takes the blanks for all that was shorter.
    """

    parts: tuple[bytes, ...]
    places: tuple[str, ...]
    widths: tuple[int, ...]
    encoding: str = "utf-8"

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Put values into the places; the length stays where it must."""
        pieces: list[bytes] = [self.parts[0]]
        spare = 0
        for place, width, part in zip(self.places, self.widths, self.parts[1:], strict=True):
            value = values[place].encode(self.encoding) if place else b" " * spare
            if width:
                value = value[:width]
                spare += width - len(value)
            elif not place:
                spare = 0
            pieces.append(value)
            pieces.append(part)
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A real letter, ready to be filled: its line of the manifest, its PDF, its e-mail."""

    letter: Letter
    line: Cut
    pdf: Cut
    email: Cut | None


def write_bulk(writer: PackageWriter, request: BulkRequest) -> None:
    """Write a package of any size in two passes over the numbers; memory does not grow with their count.

    Errors: SizeTooSmallError when no letter fits into the size.
    """
    patterns = make_patterns(request)
    writer.write_manifest(pattern.line.fill(values) for pattern, values in _documents(request, patterns))
    sent: set[str] = set()
    for pattern, values in _documents(request, patterns):
        writer.add(f"print/{values['external_id']}.pdf", pattern.pdf.fill(values))
        if pattern.email is None:
            continue
        brand = pattern.letter.brand
        writer.add(f"email/{brand.unit}/{values['external_id']}.html", pattern.email.fill(values))
        if brand.unit not in sent:
            sent.add(brand.unit)
            add_resources(writer, brand)


def make_patterns(request: BulkRequest) -> list[Pattern]:
    """Print the letters that a package is made from, and cut them; a slim one where no other fits into the size.

    Errors: SizeTooSmallError.
    """
    most = max(1, min(LETTERS, request.count, MOST_HELD_BYTES // max(request.size_bytes, 1)))
    patterns: list[Pattern] = []
    for number in range(LETTERS):
        letter = _letter(request, number)
        payload, pages = print_letter(letter)
        if request.size_bytes and len(payload) > request.size_bytes - _LEAST_PADDING:
            continue
        patterns.append(_pattern(request, letter, payload, pages, number))
        if len(patterns) == most:
            break
    return patterns or [_slim_pattern(request)]


def _slim_pattern(request: BulkRequest) -> Pattern:
    letter = _letter(request, LETTERS - 1)
    payload = print_slim(letter)
    if len(payload) > request.size_bytes - _LEAST_PADDING:
        raise SizeTooSmallError(
            f"The smallest letter has {len(payload) + _LEAST_PADDING} bytes. Ask for at least that."
        )
    return _pattern(request, letter, payload, 1, 0)


def print_slim(letter: Letter) -> bytes:
    """Make the smallest PDF that still is a letter: no letterhead, a few lines."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=0, invariant=1, lang=letter.language)
    canvas.setTitle(letter.subject)
    lines = (letter.brand.name, letter.names, letter.account_number, letter.day(letter.issued_on), letter.external_id)
    for number, text in enumerate(lines):
        canvas.drawString(72, 760 - 16 * number, text)
    canvas.save()
    return out.getvalue()


def resized(pdf: bytes, size_bytes: int, seed: int) -> bytes:
    """Grow a PDF to a size by a comment before its cross-reference table.

    Shapes: lines of 79 characters that do not compress well. The file must be smaller than the size by 8 bytes.
    """
    table = pdf.rindex(b"\nxref\n") + 1
    start = pdf.rindex(b"startxref\n") + len(b"startxref\n")
    old = pdf[start : pdf.index(b"\n", start)]
    missing = size_bytes - len(pdf)
    grown = len(str(table + missing)) - len(old)
    comment = _comment(missing - grown, seed)
    new = b"%d" % (table + len(comment))
    whole = pdf[:table] + comment + pdf[table:start] + new + pdf[start + len(old) :]
    return whole + b"\n" * (size_bytes - len(whole))


def _comment(size_bytes: int, seed: int) -> bytes:
    noise = random.Random(seed).randbytes(size_bytes * 3 // 4 + 3)  # noqa: S311  (filling)
    text = base64.b64encode(noise)
    lines = b"".join(b"%" + text[at : at + 78] + b"\n" for at in range(0, size_bytes, 78))
    return lines[: size_bytes - 1] + b"\n"


# -- letters with places instead of names ------------------------------------------------------------------------------


def _letter(request: BulkRequest, number: int) -> Letter:
    """Write a letter to nobody: half are statements, a quarter bills, the others policies and notices."""
    unit, kind = _KINDS[number % len(_KINDS)]
    language = "de" if number % 6 == 5 else "en"
    brand = BRANDS[unit]
    branch = BRANCHES[number % 4]
    return Letter(
        brand=brand,
        content=_CONTENTS[kind](f"bulk/{number}", unit, branch, language),
        holders=(Customer(_customer_id(request), _NAME, _STREET, _POSTCODE, _CITY),),
        customer_id=_customer_id(request),
        account_number=_ACCOUNT,
        branch=branch,
        language=language,
        issued_on=_ISSUED,
        batch=_batch(_ISSUED),
        external_id=request.external_id(_ISSUED, "9" * len(str(request.count))),
        run_sequence=_SEQUENCE,
        channels=request.channels,
    )


def _statement(key: str, unit: str, branch: str, language: str) -> Content:
    return make_statement(key=key, month=_STATEMENT_MONTH, branch=branch, language=language, payments=range(4, 40))


def _bill(key: str, unit: str, branch: str, language: str) -> Content:
    return make_bill(key=key, month=_STATEMENT_MONTH, unit=unit, language=language, issued_on=_ISSUED, number=_BILL)


def _policy(key: str, unit: str, branch: str, language: str) -> Content:
    return make_policy(key=key, first=_DUE, unit=unit, language=language, number=_POLICY)


def _late_fee(key: str, unit: str, branch: str, language: str) -> Content:
    return Notice("late_fee", _DUE, random.Random(key).randrange(2_000, 38_000))  # noqa: S311


_CONTENTS: dict[str, Callable[[str, str, str, str], Content]] = {
    "statement": _statement,
    "bill": _bill,
    "policy": _policy,
    "notice": _late_fee,
}
_KINDS = (
    ("retail", "statement"),
    ("commercial", "bill"),
    ("retail", "statement"),
    ("commercial", "policy"),
    ("retail", "statement"),
    ("commercial", "bill"),
    ("retail", "statement"),
    ("retail", "notice"),
)

# -- places ------------------------------------------------------------------------------------------------------------


def _pattern(request: BulkRequest, letter: Letter, payload: bytes, pages: int, number: int) -> Pattern:
    places = _places(request, letter.language)
    if request.size_bytes:
        payload = resized(payload, request.size_bytes, number)
    return Pattern(
        letter,
        line=_cut_text(manifest_line(letter, pages=pages), places),
        pdf=_cut_pdf(payload, places),
        email=_cut_text(email_html(letter).encode(), places) if "email" in letter.channels else None,
    )


def _places(request: BulkRequest, language: str) -> dict[str, str]:
    """Return what stands in the letters instead of names and numbers, longer texts before those they contain."""
    issued, due, last = (wording.long_day(day, language) for day in (_ISSUED, _DUE, months.end_of_year_from(_DUE)))
    rates = {wording.long_day(day, language): f"instalment_{number}" for number, day in enumerate(_instalments(_DUE))}
    holder = Customer("", _NAME, _STREET, _POSTCODE, _CITY)
    return {
        request.external_id(_ISSUED, "9" * len(str(request.count))): "external_id",
        _batch(_ISSUED): "batch",
        iban(RETAIL.bank_code, _ACCOUNT): "iban",
        _BILL: "bill_number",
        _POLICY: "policy_number",
        holder.email: "email",
        _NAME: "name",
        _STREET: "street",
        _CITY: "city",
        _POSTCODE: "postcode",
        _customer_id(request): "customer_id",
        _ACCOUNT: "account_number",
        f"{_SEQUENCE}": "run_sequence",
        f"..{_ACCOUNT[-3:]}": "account_tail",
        _ISSUED.isoformat(): "issued_iso",
        _DUE.isoformat(): "due_iso",
        issued: "issued",
        due: "due",
        last: "last",
        **rates,
        wording.month_name(months.first_day(_STATEMENT_MONTH), language): "month",
        issued.rpartition(" ")[0]: "issued_without_year",
        due.rpartition(" ")[0]: "due_without_year",
        wording.bare_month(_ISSUED, language): "bare_month",
        f"{_STATEMENT_MONTH // 12}": "year_of_month",
        f"{_ISSUED.year}": "year",
        f"{_ISSUED.year + 1}": "next_year",
    }


def _documents(request: BulkRequest, patterns: list[Pattern]) -> Iterator[tuple[Pattern, dict[str, str]]]:
    """Yield for each number the pattern and what stands in its places."""
    days: dict[tuple[datetime.date, str], dict[str, str]] = {}
    for number in range(request.count):
        pattern = patterns[(number * 40_503 >> 4) % len(patterns)]
        day = request.day_of(number)
        key = (day, pattern.letter.language)
        if key not in days:
            if len(days) > 64:
                days.clear()
            days[key] = _day_values(*key)
        yield pattern, days[key] | _document_values(request, day, number)


def _document_values(request: BulkRequest, day: datetime.date, number: int) -> dict[str, str]:
    person = request.customer_of(number)
    holder, account = crowd_member(person)
    return {
        "external_id": request.external_id(day, number),
        "iban": iban(RETAIL.bank_code, account),
        "bill_number": f"R-{day.year}-{number:08}",
        "policy_number": f"HM-{person:08}",
        "email": holder.email,
        "name": holder.name,
        "street": holder.street,
        "city": holder.city,
        "postcode": holder.postcode,
        "customer_id": holder.customer_id,
        "account_number": account,
        "account_tail": f"..{account[-3:]}",
        "run_sequence": f"{number}",
        "file_id": f"{number:032x}",
    }


def _day_values(day: datetime.date, language: str) -> dict[str, str]:
    due = day + 14 * months.DAY
    before = months.first_day(months.month_of(day) - 1)
    issued_text, due_text = wording.long_day(day, language), wording.long_day(due, language)
    rates = {f"instalment_{number}": wording.long_day(rate, language) for number, rate in enumerate(_instalments(due))}
    return {
        "batch": _batch(day),
        "issued_iso": day.isoformat(),
        "due_iso": due.isoformat(),
        "issued": issued_text,
        "due": due_text,
        "last": wording.long_day(months.end_of_year_from(due), language),
        **rates,
        "month": wording.month_name(before, language),
        "issued_without_year": issued_text.rpartition(" ")[0],
        "due_without_year": due_text.rpartition(" ")[0],
        "bare_month": wording.bare_month(before, language),
        "short_month": f" {wording.bare_month(before, language)[:3]}",
        "year_of_month": f"{before.year}",
        "year": f"{day.year}",
        "next_year": f"{day.year + 1}",
    }


def _cut_text(text: bytes, places: Mapping[str, str]) -> Cut:
    pattern = re.compile(b"|".join(re.escape(known.encode()) for known in places))
    return _cut(text, [(found.span(), places[found.group().decode()]) for found in pattern.finditer(text)], fixed=False)


def _cut_pdf(payload: bytes, places: Mapping[str, str]) -> Cut:
    """Cut a PDF inside its strings only: the digits of an offset may look like a year."""
    pattern = re.compile(b"|".join([re.escape(known.encode()) for known in places] + [rb" Sep(?=\))"]))
    found: list[tuple[tuple[int, int], str]] = []
    for string in _STRING.finditer(payload):
        matches = list(pattern.finditer(payload, *string.span()))
        found += [(match.span(), places.get(match.group().decode(), "short_month")) for match in matches]
        if matches:
            found.append(((string.end() - 1, string.end() - 1), FILL))
    found += [(match.span(), "file_id") for match in _FILE_ID.finditer(payload, payload.rindex(b"trailer"))]
    return _cut(payload, found, fixed=True)


def _cut(text: bytes, found: list[tuple[tuple[int, int], str]], *, fixed: bool) -> Cut:
    parts: list[bytes] = []
    at = 0
    for (start, end), _ in found:
        parts.append(text[at:start])
        at = end
    widths = tuple(end - start if fixed else 0 for (start, end), _ in found)
    return Cut((*parts, text[at:]), tuple(place for _, place in found), widths, "cp1252" if fixed else "utf-8")


def _batch(day: datetime.date) -> str:
    return f"JOB{day:%Y%m}"


def _customer_id(request: BulkRequest) -> str:
    """Return a place as wide as the widest customer id of the package."""
    return "C-" + "9" * len(f"{100_000 + request.customers}")


def _instalments(first: datetime.date) -> list[datetime.date]:
    return [months.first_day(months.month_of(first) + 3 * number) for number in range(4)]
