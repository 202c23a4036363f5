"""A saved mapping: checked when it is saved, and in doubt it refuses rather than guesses."""

from __future__ import annotations

from typing import Any

import pytest

from archive.ingest.errors import UnknownMappingError
from archive.ingest.mapping import Mapping, MappingDefinitionError, MappingError, get_mapping
from archive.ingest.models import IngestMapping

COLUMNS = {"Konto": "account_number", "Datum": "issued_on", "Saldo": "index.balance"}


def mapping(**definition: Any) -> Mapping:
    return Mapping.from_definition({"columns": COLUMNS, "date_format": "%d.%m.%Y", "decimal": ",", **definition})


@pytest.mark.parametrize(
    "definition",
    [
        None,
        [],
        {},
        {"columns": ["Konto"]},
        {"columns": {}},
        {"columns": {"Konto": 5}},
        {"columns": {"Konto": ""}},
        {"columns": COLUMNS, "color": "blue"},
        {"columns": COLUMNS, "constants": {"sequence": 1}},
        {"columns": COLUMNS, "constants": ["x"]},
        {"columns": COLUMNS, "delimiter": ""},
        {"columns": COLUMNS, "delimiter": ";;"},
        {"columns": COLUMNS, "delimiter": 5},
        {"columns": COLUMNS, "delimiter": "\n"},
        {"columns": COLUMNS, "delimiter": '"'},
        {"columns": COLUMNS, "quote": "''"},
        {"columns": COLUMNS, "quote": None},
        {"columns": COLUMNS, "quote": "\r"},
        {"columns": COLUMNS, "header": "false"},
        {"columns": COLUMNS, "decimal": ";"},
        {"columns": COLUMNS, "encoding": "latin-99"},
        {"columns": COLUMNS, "encoding": 8},
        {"columns": COLUMNS, "encoding": "utf-16"},
        {"columns": COLUMNS, "encoding": "utf-7"},
        {"columns": COLUMNS, "encoding": "cp500"},
        {"columns": COLUMNS, "encoding": "hex"},
        {"columns": COLUMNS, "encoding": "rot13"},
        {"columns": COLUMNS, "encoding": "idna"},
        {"columns": COLUMNS, "date_format": "DD.MM.YYYY"},
        {"columns": COLUMNS, "date_format": "%d.%m."},
        {"columns": COLUMNS, "date_format": "%Q"},
        {"columns": COLUMNS, "date_format": 7},
        {"columns": {"a": "variants.0", "b": "variants.0.file"}},
        {"columns": {"a": "issued_on", "b": "issued_on"}},
        {"columns": {"a": "subject"}, "constants": {"subject.x": "y"}},
    ],
)
def test_a_wrong_definition_is_refused_when_it_is_read(definition: Any):
    with pytest.raises(MappingDefinitionError) as caught:
        Mapping.from_definition(definition)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "ISO-8859-15", "shift_jis", "gb18030", "cp437"]
)
def test_encodings_that_keep_ascii_are_fine(encoding: str):
    assert mapping(encoding=encoding).encoding == encoding


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y%m%d", "%m/%d/%y", "%d %B %Y", "%Y-%j"])
def test_any_form_of_a_whole_date_is_fine(form: str):
    assert mapping(date_format=form).date_format == form


def test_columns_and_constants_become_our_fields():
    row = {"Konto": " 0004711 ", "Datum": "31.10.2026", "Saldo": "1.204,55", "Rest": "x"}
    assert mapping(constants={"document_class": "statement"}).apply(row) == {
        "document_class": "statement",
        "account_number": "0004711",
        "issued_on": "2026-10-31",
        "index.balance": "1204.55",
    }


def test_a_column_goes_before_a_constant_unless_it_is_empty():
    either = mapping(constants={"account_number": "unknown"})
    assert either.apply({"Konto": "7"})["account_number"] == "7"
    assert either.apply({"Konto": " "})["account_number"] == "unknown"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.204,55", "1204.55"),
        ("-1.234.567,5", "-1234567.5"),
        ("+7,00", "+7.00"),
        ("1204,55", "1204.55"),
        ("1204", "1204"),
        ("012", "012"),
        ("012.345", "012.345"),
        ("A-1,5", "A-1,5"),
        ("1,2,3", "1,2,3"),
        ("1.20.4,5", "1.20.4,5"),
        ("1.2", "1.2"),
    ],
)
def test_a_decimal_comma_is_read_where_it_is_one_for_sure(written: str, read: str):
    assert mapping().apply({"Saldo": written}) == {"index.balance": read}


@pytest.mark.parametrize("written", ["1.204", "-12.345", "1.234.567"])
def test_a_number_that_may_mean_two_things_is_refused(written: str):
    with pytest.raises(MappingError, match="may mean") as caught:
        mapping().apply({"Saldo": written})
    assert caught.value.column == "Saldo"
    assert mapping(decimal=".").apply({"Saldo": written}) == {"index.balance": written}


@pytest.mark.parametrize("written", ["31.02.2026", "2026-10-31", "31.10.26", "tomorrow", "31.10.2026 "[:-2]])
def test_a_date_of_another_form_is_refused_with_its_column(written: str):
    with pytest.raises(MappingError, match="Column Datum") as caught:
        mapping().apply({"Datum": written})
    assert caught.value.column == "Datum"


@pytest.mark.django_db
def test_a_saved_mapping_is_found_by_its_key():
    IngestMapping.objects.create(key="bank", label="Bank", definition={"columns": {"Konto": "account_number"}})
    assert get_mapping("bank").columns == {"Konto": "account_number"}
    with pytest.raises(UnknownMappingError, match="No mapping is called"):
        get_mapping("other")
