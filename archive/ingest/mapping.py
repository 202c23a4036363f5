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
import csv
import datetime
import io
import re
from dataclasses import dataclass, field
from typing import Any

from archive.ingest.errors import LoadError, UnknownMappingError
from archive.ingest.models import IngestMapping

_KNOWN = {"delimiter", "quote", "encoding", "header", "columns", "constants", "date_format", "decimal"}
_DATES = {"issued_on"}
_ASCII = "".join(map(chr, range(32, 127))) + "\t\r\n"
_NO_CHARACTER_SETS = {"idna", "punycode", "raw_unicode_escape", "raw-unicode-escape", "undefined"}
_A_DAY = datetime.date(2026, 2, 28)
# 1.204 is 1204 or 1.204; without a leading zero, so that keys such as 012.345 stay keys.
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_WITH_COMMA = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+")


class MappingError(Exception):
    """A cell cannot be read by the mapping."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


class MappingDefinitionError(LoadError):
    """A mapping's definition is wrong; the message says where."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked definition.

    Shapes: `header_read` is no part of it: the columns of the file that was read by it last, in their order.
    """

    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    date_format: str = "%Y-%m-%d"
    decimal: str = "."
    header_read: list[str] = field(default_factory=list, compare=False)

    @classmethod
    def from_definition(cls, definition: Any) -> Mapping:
        """Check a definition. Errors: MappingDefinitionError."""
        if not isinstance(definition, dict) or not _is_texts(definition.get("columns")) or not definition["columns"]:
            raise MappingDefinitionError('A mapping needs "columns": {"their name": "our field"}.')
        unknown = set(definition) - _KNOWN
        if unknown:
            raise MappingDefinitionError(
                f"A mapping has no {', '.join(sorted(unknown))}. Known: {', '.join(sorted(_KNOWN))}."
            )
        if not _is_texts(definition.get("constants", {})):
            raise MappingDefinitionError('"constants" names our fields and their texts: {"business_unit": "retail"}.')
        for name in ("delimiter", "quote", "encoding", "date_format", "decimal"):
            if not isinstance(definition.get(name, ""), str):
                raise MappingDefinitionError(f'"{name}" is a text. Put it in quotes.')
        if not isinstance(definition.get("header", True), bool):
            raise MappingDefinitionError('"header" is true or false, without quotes.')
        mapping = cls(**definition)
        _check_characters(mapping)
        _check_encoding(mapping.encoding)
        _check_date_format(mapping.date_format)
        _check_targets(list(mapping.columns.values()), set(mapping.constants))
        return mapping

    def missing_columns(self, header: list[str]) -> list[str]:
        """Return the columns that the mapping names and the file has not; remembers what the file has."""
        self.header_read[:] = header
        return [column for column in self.columns if column not in header]

    def header_line(self) -> bytes:
        """Return the header that was read as a line of the mapping's dialect, for what is set aside; or nothing."""
        if not self.header_read:
            return b""
        line = io.StringIO()
        quoting: Any = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        csv.writer(line, delimiter=self.delimiter, lineterminator="", **quoting).writerow(self.header_read)
        return line.getvalue().encode(self.encoding).removeprefix(codecs.BOM_UTF8)

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
        if self.decimal == "," and target.startswith("index."):
            if _GROUPED.fullmatch(value):
                reason = (
                    f'Column {column}: "{value[:40]}" may mean two numbers. Write it with a comma, or without points.'
                )
                raise MappingError(column, reason)
            if _WITH_COMMA.fullmatch(value):
                return value.replace(".", "").replace(",", ".")
        return value


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) and item for item in value.values())


def _check_characters(mapping: Mapping) -> None:
    if len(mapping.delimiter) != 1 or len(mapping.quote) > 1 or mapping.decimal not in (".", ","):
        raise MappingDefinitionError("delimiter and quote are one character, decimal is a point or a comma.")
    if mapping.delimiter == mapping.quote or {mapping.delimiter, mapping.quote} & {"\r", "\n", "\x00"}:
        raise MappingDefinitionError("delimiter and quote are two different characters, and no line ends.")


def _check_encoding(encoding: str) -> None:
    """Take what keeps ASCII as it is: lines are found before they are decoded."""
    try:
        keeps_ascii = _ASCII.encode(encoding).removeprefix(codecs.BOM_UTF8) == _ASCII.encode()
    except (LookupError, UnicodeError):
        keeps_ascii = False
    if not keeps_ascii or encoding.lower() in _NO_CHARACTER_SETS:
        raise MappingDefinitionError(f"The encoding {encoding!r} cannot be used. Use utf-8 or cp1252.")


def _check_date_format(date_format: str) -> None:
    try:
        day = datetime.datetime.strptime(_A_DAY.strftime(date_format), date_format).date()  # noqa: DTZ007  (a day)
    except (ValueError, re.error):
        day = None
    if day != _A_DAY:
        reason = f'date_format "{date_format}" does not say year, month and day. Write it like %d.%m.%Y.'
        raise MappingDefinitionError(reason)


def _check_targets(targets: list[str], constants: set[str]) -> None:
    """Refuse two columns for one field, and a field that would be both a value and an object."""
    for target in targets:
        if targets.count(target) > 1:
            raise MappingDefinitionError(f"Two columns mean {target}. Keep one.")
    for name in {*targets, *constants}:
        inside = [other for other in (*targets, *constants) if other.startswith(f"{name}.")]
        if inside:
            raise MappingDefinitionError(f"{name} contradicts {inside[0]}. Rename one.")


def get_mapping(key: str) -> Mapping:
    """Return a saved mapping. Errors: UnknownMappingError."""
    row = IngestMapping.objects.filter(key=key).first()
    if row is None:
        raise UnknownMappingError(key)
    return Mapping.from_definition(row.definition)
