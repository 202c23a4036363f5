"""A saved mapping: what the columns of somebody's index file mean to us. Pure but for `get_mapping`.

Shapes: the definition is JSON:
{"delimiter": ";", "quote": "\\"", "encoding": "cp1252", "header": true,
 "columns": {"Kontonummer": "account_number", "Datei": "variants.0.file", "Datum": "issued_on"},
 "constants": {"business_unit": "retail", "document_class": "statement", "variants.0.channel": "print"},
 "date_format": "%d.%m.%Y", "decimal": ","}
Columns without a header are named by their number, from 1.
"""

from __future__ import annotations

import codecs
import datetime
from dataclasses import dataclass, field
from typing import Any

from archive.ingest.errors import LoadError, UnknownMappingError
from archive.ingest.models import IngestMapping

_KNOWN = {"delimiter", "quote", "encoding", "header", "columns", "constants", "date_format", "decimal"}
_DATES = {"issued_on"}


class MappingError(Exception):
    """A cell cannot be read by the mapping."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


class MappingDefinitionError(LoadError):
    """A mapping's definition is wrong; the message says where."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked definition."""

    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    date_format: str = "%Y-%m-%d"
    decimal: str = "."

    @classmethod
    def from_definition(cls, definition: Any) -> Mapping:
        """Check a definition. Errors: MappingDefinitionError."""
        if not isinstance(definition, dict) or not isinstance(definition.get("columns"), dict):
            raise MappingDefinitionError('A mapping needs "columns": {"their name": "our field"}.')
        unknown = set(definition) - _KNOWN
        if unknown:
            raise MappingDefinitionError(
                f"A mapping has no {', '.join(sorted(unknown))}. Known: {', '.join(sorted(_KNOWN))}."
            )
        mapping = cls(**definition)
        if len(mapping.delimiter) != 1 or len(mapping.quote) > 1 or mapping.decimal not in (".", ","):
            raise MappingDefinitionError("delimiter and quote are one character, decimal is a point or a comma.")
        try:
            codecs.lookup(mapping.encoding)
        except LookupError:
            raise MappingDefinitionError(f"No encoding is called {mapping.encoding!r}. Use utf-8 or cp1252.") from None
        return mapping

    def missing_columns(self, header: list[str]) -> list[str]:
        """Return the columns that the mapping names and the file has not."""
        return [column for column in self.columns if column not in header]

    def apply(self, row: dict[str, str]) -> dict[str, str]:
        """Return our fields of one row. Errors: MappingError names the column."""
        record = dict(self.constants)
        for column, target in self.columns.items():
            value = row.get(column, "").strip()
            if value:
                record[target] = self._value(column, target, value)
        return record

    def _value(self, column: str, target: str, value: str) -> str:
        if target in _DATES or target.endswith("_on"):
            try:
                return datetime.datetime.strptime(value, self.date_format).date().isoformat()  # noqa: DTZ007  (a day)
            except ValueError:
                reason = f'Column {column}: "{value[:40]}" is no date of the form {self.date_format}. Mend it.'
                raise MappingError(column, reason) from None
        if self.decimal == "," and target.startswith("index.") and _is_german_number(value):
            return value.replace(".", "").replace(",", ".")
        return value


def _is_german_number(value: str) -> bool:
    whole, comma, places = value.lstrip("+-").partition(",")
    return bool(comma) and places.isdigit() and whole.replace(".", "").isdigit()


def get_mapping(key: str) -> Mapping:
    """Return a saved mapping. Errors: UnknownMappingError."""
    row = IngestMapping.objects.filter(key=key).first()
    if row is None:
        raise UnknownMappingError(key)
    return Mapping.from_definition(row.definition)
