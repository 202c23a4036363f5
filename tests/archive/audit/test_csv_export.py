"""CSV that no spreadsheet executes (E-12)."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.audit.csv_export import csv_rows, neutral

STARTS = ["=", "+", "-", "@", "\t", "\r", "\x00", "\n"]


def written(rows: list[list[object]], header: tuple[str, ...] = ("a", "b")) -> str:
    """Return a CSV file as text."""
    return b"".join(csv_rows(header, rows)).decode()


@pytest.mark.parametrize(
    ("before", "start"),
    [("", start) for start in STARTS]
    + [(before, start) for before in (" ", "  \t ", "\u00a0", "\u2003") for start in "=+-@"],
)
def test_a_cell_that_begins_like_a_formula_is_text(before: str, start: str) -> None:
    cell = f'{before}{start}HYPERLINK("http://evil","x")'
    assert neutral(cell).startswith("'")
    (_header, row) = csv.reader(io.StringIO(written([[cell, 1]])))
    assert row[0].startswith("'") and row[1] == "1"


@pytest.mark.parametrize("payload", ["=1+1", "@SUM(A1)", "+1", "-2+3+cmd|' /C calc'!A0", "=cmd|'/C calc'!'A1'"])
def test_payloads_of_the_field_are_text_also_as_bytes(payload: str) -> None:
    assert neutral(payload) == f"'{payload}" == neutral(payload.encode())


@given(st.text(st.characters(), max_size=30))
def test_no_text_at_all_begins_like_a_formula_or_holds_a_control_character(text: str) -> None:
    cell = neutral(text)
    assert not cell.startswith(tuple(STARTS)) and not cell.lstrip().startswith(tuple(STARTS))
    assert all(char.isprintable() or char == "\n" for char in cell)
    _header, row = csv.reader(io.StringIO(written([[text]], header=("a",)), newline=""))
    assert row == [cell]


@pytest.mark.parametrize("text", ["", "Müller", "1.5", "2026-10-31", "a=b", "a-b", "C-1009", 'say "x", y'])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_control_characters_become_visible() -> None:
    assert neutral("a\x1b[31mb\x00\u2028\u202e") == "a\\x1b[31mb\\x00\\x2028\\x202e"
    assert neutral("\ud800") == "?"


def test_bytes_are_text_that_is_hashed_elsewhere_and_stay_exact() -> None:
    leaf = '{"a":"\u2028 \u00a0 \u202e é e\u0301"}'
    assert neutral(leaf.encode()) == leaf
    assert written([[leaf.encode(), None]]).count(leaf.replace('"', '""')) == 1


def test_the_file_is_rfc_4180_and_comes_piece_by_piece() -> None:
    assert written([[1, None], ["a,b", 'c"d\ne']]) == 'a,b\r\n1,\r\n"a,b","c""d\ne"\r\n'
    pieces = list(csv_rows(("a",), ([number] for number in range(1_000))))
    assert len(pieces) == 6 and b"".join(pieces).count(b"\r\n") == 1_001


def test_of_no_rows_the_header_stays() -> None:
    assert written([]) == "a,b\r\n"
