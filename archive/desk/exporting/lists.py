"""Lists as files that no spreadsheet executes and no control character breaks.

Source: requirements E-12, E-13; RFC 4180. Texts in Excel files are written as texts, so that nothing in them is a
formula; the limits are Excel's.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from archive.audit.csv_export import neutral
from archive.desk.exporting.table import Cell

MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
_MARK = b"\xef\xbb\xbf"  # Excel reads a CSV as UTF-8 only with it
_LARGEST_EXACT = 10**15  # a double, which is what Excel has, keeps fifteen digits

Rows = Iterable[Sequence[Sequence[Cell]]]
"""Batches of rows."""


def write_csv(file: IO[bytes], header: Sequence[str], batches: Rows) -> None:
    """Write a list as CSV: UTF-8 with its mark, commas, CRLF; dates and numbers as machines read them."""
    file.write(_MARK)
    file.write(_line(header))
    for rows in batches:
        for row in rows:
            file.write(_line([_plain(cell) for cell in row]))


def _line(cells: Sequence[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(
        [str(cell) if isinstance(cell, int | Decimal) else neutral(cell) for cell in cells]
    )
    return buffer.getvalue().encode()


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, datetime.datetime):
        return f"{cell.isoformat(sep=' ')}"
    return cell.isoformat() if isinstance(cell, datetime.date) else cell


def write_xlsx(path: Path, header: Sequence[str], batches: Rows) -> None:
    """Write a list as an Excel file; beyond 1,048,576 rows a further sheet begins."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    try:
        heads = book.add_format({"bold": True, "bottom": 1})
        moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        days = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet, at = None, MOST_ROWS
        for rows in batches:
            for row in rows:
                if at >= MOST_ROWS:
                    sheet, at = _sheet(book, header, heads), 1
                for column, cell in enumerate(row):
                    _write(sheet, at, column, cell, days, moments)
                at += 1
        if sheet is None:
            _sheet(book, header, heads)
    finally:
        book.close()


def _sheet(book: Any, header: Sequence[str], heads: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, text in enumerate(header):
        sheet.set_column(column, column, max(12, min(len(text) + 4, 30)))
        sheet.write_string(0, column, _text(text), heads)
    return sheet


def _write(sheet: Any, row: int, column: int, cell: Cell, days: Any, moments: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime.datetime):
        _moment(sheet, row, column, cell, moments)
    elif isinstance(cell, datetime.date):
        _moment(sheet, row, column, cell, days)
    elif isinstance(cell, int | Decimal) and _fits(cell):
        sheet.write_number(row, column, float(cell))
    else:
        sheet.write_string(row, column, _text(str(cell)))


def _fits(number: int | Decimal) -> bool:
    exact = Decimal(number)
    return exact.is_finite() and abs(exact) < _LARGEST_EXACT


def _moment(sheet: Any, row: int, column: int, cell: datetime.date, form: Any) -> None:
    if cell.year < 1900:  # where Excel's calendar begins
        sheet.write_string(row, column, cell.isoformat())
    else:
        sheet.write_datetime(row, column, cell, form)


def _text(text: str) -> str:
    """Return a text that XML and Excel can hold: control characters as their escapes, at most 32,767 characters."""
    text = text.encode("utf-8", "replace").decode()
    shown = "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)
    return shown[:LONGEST_CELL]
