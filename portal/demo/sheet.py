"""Letter paper: lays text, tables and boxes out on A4 pages and makes a PDF of them. ReportLab is imported when asked.

Streams stay uncompressed: letters are small, and packages for benchmarks patch their text in place (bulk.py).
Measures are points from the lower left corner. Source: DIN 5008 form B for address window, information block, folds.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.demo.brands import Brand, Circle

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
LEFT, RIGHT = 25 * MM, 190 * MM
BOTTOM = 33 * MM
TOP_OF_NEXT = HEIGHT - 36 * MM
REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
INK, QUIET, HAIR = "#1c2733", "#5b6873", "#c9d1d8"
BODY_SIZE, LEADING = 9.6, 13.4
_LOGO_SIDE = 100
_BREAK = re.compile(
    r"(?<!EUR) (?!EUR\b|(?:20|21)\d\d\b)"
    r"(?!(?:(?<=\d )|(?<=\d\. ))(?:Jan|Feb|M[aä]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz]))"
)
"""Blanks where a line may end: not within a date or an amount."""

_PAGE_OF = {"en": "Page {page} of {pages}", "de": "Seite {page} von {pages}"}

Draw = Callable[["_Pen"], None]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, its width in millimetres, and whether it stands right."""

    head: str
    width_mm: float
    right: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands on the first page besides its text.

    Shapes: `facts` is the information block at the right, (label, value) each.
    """

    address: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    subject: str
    greeting: str


class Sheet:
    """A letter while it is written: blocks go below each other, and a page that is full makes room for the next."""

    def __init__(self, brand: Brand, language: str, title: str, reference: str) -> None:
        self.brand = brand
        self.language = language
        self.title = title
        self.reference = reference
        self._pages: list[list[Draw]] = []
        self.y = 0.0
        self.new_page()

    # -- blocks ------------------------------------------------------------------------------------------------------

    def new_page(self) -> None:
        """Go on at the top of a fresh page."""
        self._pages.append([])
        self.y = TOP_OF_NEXT

    def keep(self, height: float) -> None:
        """Go to a new page unless `height` still fits on this one."""
        if self.y - height < BOTTOM:
            self.new_page()

    def open_letter(self, heading: Heading) -> None:
        """Write address window, information block, subject and greeting of the first page."""
        at = HEIGHT - 50 * MM
        sender = f"{self.brand.name} · {self.brand.street} · {self.brand.town}"
        self.write(LEFT, at, sender, size=6.6, colour=QUIET)
        self.line(LEFT, at - 3, LEFT + 80 * MM, at - 3)
        for number, text in enumerate(heading.address):
            self.write(LEFT, at - 20 - number * 13.2, text, size=10.4)
        for number, (label, value) in enumerate(heading.facts):
            y = HEIGHT - 53 * MM - number * 24
            self.write(130 * MM, y, label, size=7.2, colour=QUIET)
            self.write(130 * MM, y - 11, value, size=9.4)
        self.y = HEIGHT - 103 * MM
        self.write(LEFT, self.y, heading.subject, font=BOLD, size=13, colour=self.brand.colour)
        self.y -= 25
        self.paragraph(heading.greeting)

    def section(self, text: str, *, keep: float = 60) -> None:
        """Write a heading that stays with what follows it."""
        self.keep(keep)
        self.y -= 8
        self.write(LEFT, self.y, text, font=BOLD, size=10.8, colour=self.brand.colour)
        self.y -= 16

    def paragraph(self, text: str, *, size: float = BODY_SIZE, colour: str = INK, bold: bool = False) -> None:
        """Write running text, broken to the width of the page."""
        font, leading = (BOLD if bold else REGULAR), size * LEADING / BODY_SIZE
        for line in _broken(text, font, size, RIGHT - LEFT):
            self.keep(leading)
            self.write(LEFT, self.y, line, font=font, size=size, colour=colour)
            self.y -= leading
        self.y -= leading * 0.45

    def gap(self, height: float) -> None:
        """Leave room."""
        self.y -= height

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        *,
        notes: Sequence[str] = (),
        note_column: int = 1,
        tail: float = 0,
    ) -> None:
        """Write rows under a head that is repeated on each page.

        Shapes: `notes` is a quiet second line for each row, below the column `note_column` (counted from 0); the last
        two rows stay together, and with the `tail` that follows them.
        """
        note_at = LEFT + 4 + sum(column.width_mm for column in columns[:note_column]) * MM
        row_height = 25.0 if notes else 16.4
        self.keep(20 + 2 * row_height)
        self._table_head(columns)
        for number, row in enumerate(rows):
            left_alone = number == len(rows) - 2 and self.y - 2 * row_height - tail < BOTTOM
            if self.y - row_height < BOTTOM or left_alone:
                self.new_page()
                self._table_head(columns)
            self._cells(columns, row)
            if notes:
                self.write(note_at, self.y - 9.6, notes[number], size=7.2, colour=QUIET)
            self.y -= row_height
            self.line(LEFT, self.y + 11.2, RIGHT, self.y + 11.2, width=0.35)

    def total(self, rows: Sequence[tuple[str, str]], *, strong: int = -1) -> None:
        """Write sums below a table, values at the right; the row `strong` stands out (the last by default)."""
        self.keep(len(rows) * 18 + 12)
        self.y -= 6
        strong = len(rows) - 1 if strong < 0 else strong
        for number, (label, value) in enumerate(rows):
            font = BOLD if number == strong else REGULAR
            if number == strong:
                self.box(105 * MM, self.y - 5.4, RIGHT - 105 * MM, 17.4, self.brand.tint)
            self.write(105 * MM + 4, self.y, label, font=font, size=9.4)
            self.write(RIGHT - 4, self.y, value, font=font, size=9.4, right=True)
            self.y -= 18
        self.y -= 8

    def summary(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write a band of labels with a large value each; each gets room by the length of its value."""
        self.keep(52)
        natural = [max(_width(value, BOLD, 12.4), _width(label, REGULAR, 7.4)) for label, value in pairs]
        spare = (RIGHT - LEFT - 12 - sum(natural)) / len(pairs)
        self.box(LEFT, self.y - 32, RIGHT - LEFT, 44, self.brand.tint)
        self.box(LEFT, self.y - 32, 2.4, 44, self.brand.accent)
        x = LEFT + 12
        for (label, value), width in zip(pairs, natural, strict=True):
            self.write(x, self.y, label, size=7.4, colour=QUIET)
            self.write(x, self.y - 18, value, font=BOLD, size=12.4, colour=self.brand.colour)
            x += width + spare
        self.y -= 56

    def bars(self, values: Sequence[tuple[str, int]], unit: str) -> None:
        """Draw a chart of a value for each label, the last one emphasised."""
        self.keep(120)
        highest = max((value for _, value in values), default=1) or 1
        step = (RIGHT - LEFT) / len(values)
        base = self.y - 92
        for number, (label, value) in enumerate(values):
            x, height = LEFT + number * step, 78 * value / highest
            last = number == len(values) - 1
            self.box(x + step * 0.18, base, step * 0.64, height, self.brand.colour if last else self.brand.accent)
            self.write(x + step / 2, base - 11, label, size=7, colour=QUIET, centre=True)
            self.write(x + step / 2, base + height + 3, f"{value}", size=7, centre=True)
        self.line(LEFT, base, RIGHT, base)
        self.write(RIGHT, self.y + 8, unit, size=7, colour=QUIET, right=True)
        self.y = base - 28

    def slip(self, title: str, fields: Sequence[tuple[str, str]], amount: str) -> None:
        """Draw a payment slip at the foot of the page, above the legal lines."""
        height = 62 * MM
        if self.y - 10 < BOTTOM + height:
            self.new_page()
        top = BOTTOM + height - 8
        self.line(0, top + 8, WIDTH, top + 8, width=0.5, dashed=True)
        self.box(LEFT, BOTTOM + 4, RIGHT - LEFT, height - 26, self.brand.tint)
        self.write(LEFT, top - 8, title, font=BOLD, size=10.4, colour=self.brand.colour)
        y = top - 30
        for label, value in fields:
            self.write(LEFT + 8, y, label, size=6.6, colour=QUIET)
            self.box(LEFT + 8, y - 19, 112 * MM, 16, "#ffffff")
            self.write(LEFT + 12, y - 14.6, value, font="Courier", size=10)
            y -= 32
        x = LEFT + 124 * MM
        self.write(x, top - 30, "EUR", size=6.6, colour=QUIET)
        self.box(x, top - 49, 36 * MM, 16, "#ffffff")
        self.write(x + 36 * MM - 5, top - 44.6, amount, font="Courier-Bold", size=11, right=True)
        self.y = BOTTOM

    def sign(self, closing: str, name: str, role: str) -> None:
        """Write the closing with a signature."""
        self.keep(84)
        self.y -= 4
        self.write(LEFT, self.y, closing)
        y, colour = self.y - 32, self.brand.colour
        self._pages[-1].append(lambda pen: pen.signature(LEFT, y, name, colour))
        self.write(LEFT, self.y - 50, name)
        self.write(LEFT, self.y - 62, role, size=7.8, colour=QUIET)
        self.y -= 80

    # -- strokes -----------------------------------------------------------------------------------------------------

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        font: str = REGULAR,
        size: float = BODY_SIZE,
        colour: str = INK,
        right: bool = False,
        centre: bool = False,
    ) -> None:
        """Write one line at a place."""
        if right or centre:
            width = _width(text, font, size)
            x -= width if right else width / 2
        self._pages[-1].append(lambda pen: pen.text(x, y, text, font, size, colour))

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        self._pages[-1].append(lambda pen: pen.box(x, y, width, height, colour))

    def line(
        self,
        x: float,
        y: float,
        to_x: float,
        to_y: float,
        *,
        width: float = 0.6,
        colour: str = HAIR,
        dashed: bool = False,
    ) -> None:
        """Draw a line."""
        self._pages[-1].append(lambda pen: pen.line((x, y, to_x, to_y), width, colour, dashed))

    # -- the file ----------------------------------------------------------------------------------------------------

    def pdf(self) -> tuple[bytes, int]:
        """Return the file and its number of pages."""
        from reportlab.pdfgen.canvas import Canvas

        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), pageCompression=0, invariant=1, lang=self.language)
        canvas.setTitle(self.title)
        canvas.setAuthor(self.brand.name)
        canvas.setSubject(self.reference)
        canvas.setCreator("Exstream")
        canvas.setProducer("ReportLab")
        _keep_logo(canvas, self.brand)
        for number, draws in enumerate(self._pages, start=1):
            pen = _Pen(canvas)
            self._paper(pen, number)
            for draw in draws:
                draw(pen)
            canvas.showPage()
        canvas.save()
        return out.getvalue(), len(self._pages)

    def _paper(self, pen: _Pen, number: int) -> None:
        """Draw what stands on every page: logo, rule, marks for folding and inserting, legal lines, page number."""
        brand = self.brand
        pen.box(0, HEIGHT - 3.2 * MM, WIDTH, 3.2 * MM, brand.colour)
        side = 15 * MM if number == 1 else 9 * MM
        top = HEIGHT - 12 * MM
        pen.logo(LEFT, top - side, side)
        pen.text(LEFT + side + 9, top - side * 0.52, brand.name, BOLD, 17 if number == 1 else 10.5, brand.colour)
        if number == 1:
            pen.text(LEFT + side + 9.6, top - side * 0.82, brand.claim[self.language], REGULAR, 8, QUIET)
            for fold, length in ((105, 3), (148.5, 5), (210, 3)):
                y = HEIGHT - fold * MM
                pen.line((4 * MM, y, (4 + length) * MM, y), 0.4, QUIET)
        else:
            pen.text(RIGHT - _width(self.title, REGULAR, 8), top - side * 0.52, self.title, REGULAR, 8, QUIET)
            pen.line((LEFT, top - side - 7, RIGHT, top - side - 7), 0.6, HAIR)
        self._inserter_marks(pen, number)
        self._legal_lines(pen, number)

    def _inserter_marks(self, pen: _Pen, number: int) -> None:
        """Draw the bars an inserting machine reads: start, end of the set, and the page in its set."""
        bits = (True, number == len(self._pages), *((number >> bit) & 1 == 1 for bit in range(3)))
        for place, bit in enumerate(bits):
            if bit:
                y = HEIGHT - (120 + place * 4.2) * MM
                pen.line((9 * MM, y, 16 * MM, y), 1.1, "#000000")

    def _legal_lines(self, pen: _Pen, number: int) -> None:
        pen.line((LEFT, 25 * MM, RIGHT, 25 * MM), 0.6, self.brand.accent)
        step = (RIGHT - LEFT) / len(self.brand.legal)
        for column, lines in enumerate(self.brand.legal):
            for row, text in enumerate(lines):
                pen.text(LEFT + column * step, 21.6 * MM - row * 8, text, REGULAR, 6.3, QUIET)
        page = _PAGE_OF[self.language].format(page=number, pages=len(self._pages))
        pen.text(RIGHT - _width(page, REGULAR, 7.4), 27 * MM, page, REGULAR, 7.4, QUIET)
        pen.text(LEFT, 9 * MM, self.reference, "Courier", 6.4, QUIET)

    # -- tables ------------------------------------------------------------------------------------------------------

    def _table_head(self, columns: Sequence[Column]) -> None:
        self.box(LEFT, self.y - 5.6, RIGHT - LEFT, 18, self.brand.tint)
        self._cells(columns, [column.head for column in columns], font=BOLD, size=7.8, colour=self.brand.colour)
        self.y -= 20

    def _cells(
        self,
        columns: Sequence[Column],
        cells: Sequence[str],
        *,
        font: str = REGULAR,
        size: float = 9,
        colour: str = INK,
    ) -> None:
        x = LEFT
        for column, text in zip(columns, cells, strict=True):
            width = column.width_mm * MM
            place = x + width - 4 if column.right else x + 4
            if text:
                self.write(place, self.y, text, font=font, size=size, colour=colour, right=column.right)
            x += width


class _Pen:
    """Draws on a canvas and says colours and fonts only where they change, which halves the size of a page."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self._fill = self._stroke = ""
        self._font = ("", 0.0)
        self._width = 0.0

    def text(self, x: float, y: float, text: str, font: str, size: float, colour: str) -> None:
        """Write one line."""
        self._fill_with(colour)
        if self._font != (font, size):
            self._font = (font, size)
            self.canvas.setFont(font, size)
        self.canvas.drawString(round(x, 2), round(y, 2), text)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        self._fill_with(colour)
        self.canvas.rect(round(x, 2), round(y, 2), round(width, 2), height, stroke=0, fill=1)

    def line(self, ends: tuple[float, float, float, float], width: float, colour: str, dashed: bool = False) -> None:
        """Draw a line."""
        self._stroke_with(colour, width)
        if dashed:
            self.canvas.setDash(3, 3)
        self.canvas.line(*(round(end, 2) for end in ends))
        if dashed:
            self.canvas.setDash()

    def logo(self, x: float, y: float, side: float) -> None:
        """Place the logo, its lower left corner at a place."""
        self.canvas.saveState()
        self.canvas.transform(side / _LOGO_SIDE, 0, 0, side / _LOGO_SIDE, round(x, 2), round(y, 2))
        self.canvas.doForm("logo")
        self.canvas.restoreState()

    def signature(self, x: float, y: float, name: str, colour: str) -> None:
        """Draw a flourish that differs by name: a row of loops whose heights are its letters."""
        self._stroke_with(colour, 1.0)
        path = self.canvas.beginPath()
        path.moveTo(x, y + 2)
        at = x
        for sign in name:
            rise = 22 if sign.isupper() else 3 + ord(sign) % 9
            path.curveTo(at + 7, y + rise + 4, at - 1.5, y + rise, at + 4.6, y + ord(sign) % 3)
            at += 4.6
        path.curveTo(at + 10, y + 4, at + 22, y + 9, at + 36, y + 7)
        self.canvas.drawPath(path, stroke=1, fill=0)

    def _fill_with(self, colour: str) -> None:
        if self._fill != colour:
            self._fill = colour
            self.canvas.setFillColor(_colour(colour))

    def _stroke_with(self, colour: str, width: float) -> None:
        if self._stroke != colour:
            self._stroke = colour
            self.canvas.setStrokeColor(_colour(colour))
        if self._width != width:
            self._width = width
            self.canvas.setLineWidth(width)


def _keep_logo(canvas: Any, brand: Brand) -> None:
    """Draw the logo once for all pages, as a form."""
    side = _LOGO_SIDE
    canvas.beginForm("logo", 0, 0, side, side)
    for shape in brand.logo:
        canvas.setFillColor(_colour(shape.colour))
        if isinstance(shape, Circle):
            canvas.circle(shape.x * side, shape.y * side, shape.radius * side, stroke=0, fill=1)
            continue
        path = canvas.beginPath()
        for number, (x, y) in enumerate(shape.points):
            (path.lineTo if number else path.moveTo)(round(x * side, 1), round(y * side, 1))
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.endForm()


@functools.cache
def _colour(code: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(code)


@functools.lru_cache(maxsize=8192)
def _width(text: str, font: str, size: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, font, size))


@functools.lru_cache(maxsize=1024)
def _broken(text: str, font: str, size: float, width: float) -> tuple[str, ...]:
    lines: list[str] = []
    line = ""
    for word in _BREAK.split(text):
        longer = f"{line} {word}" if line else word
        if line and _width(longer, font, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return (*lines, line)
