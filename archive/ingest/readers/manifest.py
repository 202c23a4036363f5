"""The manifest of a package: a record a line, JSONL or CSV. A line that is broken is one record set aside.

JSONL is UTF-8 without a BOM; duplicate keys, NUL, NaN, lone surrogates and lines over 1 MiB are refused, not guessed
(S-14). Our own CSV names nested fields with dots: `index.branch`, `parties.0.name`, `variants.0.file`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from archive.ingest.mapping import Mapping, MappingError
from archive.ingest.readers.files import MANIFESTS, Files
from archive.ingest.records import MemberFile, MemberProblem, Problem, RawRecord, SourceError

LONGEST_LINE_BYTES = 1024 * 1024
DEEPEST = 20
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PIECE = 1024 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class PackageSource:
    """A package: its files and the records of its manifest."""

    def __init__(self, files: Files, *, mapping: Mapping | None = None) -> None:
        self._files = files
        self._mapping = mapping
        self.name = files.name
        self.total_bytes = files.total_bytes
        self.expected: int | None = None
        names = files.manifest_names()
        if not names:
            files.close()
            raise SourceError("no_manifest", "There is no manifest.jsonl or manifest.csv. Add one, or a CSV and a mapping.")
        self._manifest = names[0]
        if mapping is None and self._manifest not in MANIFESTS and not self._manifest.endswith(".jsonl"):
            files.close()
            raise SourceError("no_mapping", f"{self._manifest} is not our manifest. Say by which saved mapping to read it.")
        if mapping is not None and len(names) > 1 and names[0] not in MANIFESTS:
            files.close()
            raise SourceError("many_indexes", f"There are several index files: {', '.join(names[:5])}. Keep one.")

    @property
    def problem(self) -> str:
        """Return what was wrong with the package as a whole."""
        return self._files.problem

    def records(self, start: int) -> Iterator[RawRecord]:
        """Yield the records from ordinal `start` on."""
        try:
            manifest = self._files.open(self._manifest)
        except MemberProblem as problem:
            raise SourceError(problem.code, problem.reason) from None
        if self._mapping is not None:
            records = _mapped(manifest, self._mapping)
        elif self._manifest.endswith(".csv"):
            records = _csv_records(manifest)
        else:
            records = _json_records(manifest)
        for ordinal, record in enumerate(records):
            record.ordinal = ordinal
            if ordinal >= start:
                yield record
        self.expected = None

    def open(self, name: str) -> MemberFile:
        """Return a member of the package."""
        return self._files.open(name)

    def close(self) -> None:
        """Close the package."""
        self._files.close()

    def __enter__(self) -> PackageSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lines_of(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (line number, line without its end, whether it was too long to keep whole); memory stays flat."""
    number, rest, dropped = 1, b"", False
    for chunk in chunks:
        data = rest + chunk
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            line = data[start:end]
            too_long = dropped or len(line) > LONGEST_LINE_BYTES
            yield number, line[:LONGEST_LINE_BYTES].removesuffix(b"\r"), too_long
            number, start, dropped = number + 1, end + 1, False
        rest = data[start:]
        if len(rest) > LONGEST_LINE_BYTES + 1:
            rest, dropped = rest[: LONGEST_LINE_BYTES + 1], True
    if rest:
        yield number, rest[:LONGEST_LINE_BYTES].removesuffix(b"\r"), dropped or len(rest) > LONGEST_LINE_BYTES


def _json_records(manifest: MemberFile) -> Iterator[RawRecord]:
    for number, line, too_long in lines_of(manifest.chunks(_PIECE)):
        if number == 1 and line.startswith(_BOMS):
            reason = "The manifest begins with a byte order mark. Save it as UTF-8 without one."
            raise SourceError("bom", reason)
        if not line.strip():
            continue
        if too_long:
            yield _broken(number, line, "line_too_long", "The line is longer than 1 MiB. Shorten it.")
            continue
        yield parse_line(number, line)


def parse_line(number: int, line: bytes) -> RawRecord:
    """Parse one line of JSON; what is wrong with it becomes the record's problem."""
    try:
        if b"\x00" in line or b"\\u0000" in line:
            raise _Refused("nul", "The line has a NUL character. Remove it.")
        data = _decoder.decode(line.decode("utf-8"))
        if not isinstance(data, dict):
            raise _Refused("not_an_object", "The line is no JSON object. Write one object {…} on each line.")
        # Only an escape can make half a surrogate pair, and only brackets can nest: most lines have neither to look for.
        if _SURROGATE.search(line) or line.count(b"{") + line.count(b"[") > DEEPEST:
            _refuse_odd(data, 0)
    except UnicodeDecodeError as error:
        return _broken(number, line, "encoding", f"Byte {error.start + 1} of the line is not UTF-8. Save the manifest as UTF-8.")
    except json.JSONDecodeError as error:
        return _broken(number, line, "json", f"Character {error.pos + 1}: {error.msg}. Mend the JSON.")
    except RecursionError:
        return _broken(number, line, "too_deep", f"Objects are nested more than {DEEPEST} deep. Flatten them.")
    except _Refused as error:
        return _broken(number, line, error.code, str(error))
    except ValueError as error:
        return _broken(number, line, "json", f"{error}. Mend the JSON.")
    return RawRecord(0, number, line, data)


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused("duplicate_key", f'The key "{twice}" stands there twice. Keep the right one only.')
    return found


def _no_constant(name: str) -> Any:
    raise _Refused("number", f"{name} is no number in JSON. Give a number or leave it out.")


# Decimals stay as they are written: 1204.50 is not 1204.5.
_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=str)


def _refuse_odd(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise _Refused("surrogate", "A text has half of a surrogate pair. Write the whole character.") from None
    elif isinstance(value, dict | list):
        if depth >= DEEPEST:
            raise _Refused("too_deep", f"Objects are nested more than {DEEPEST} deep. Flatten them.")
        for item in value.values() if isinstance(value, dict) else value:
            if not isinstance(item, int):
                _refuse_odd(item, depth + 1)
        if isinstance(value, dict):
            for key in value:
                if not key.isascii():
                    _refuse_odd(key, depth + 1)


def _broken(number: int, line: bytes, code: str, reason: str) -> RawRecord:
    return RawRecord(0, number, line, None, Problem(code, "", reason))


def _decoded(manifest: MemberFile, encoding: str) -> Iterator[tuple[int, bytes, str | None, bool]]:
    """Yield lines as (number, bytes, text or None where it cannot be decoded, too long)."""
    for number, line, too_long in lines_of(manifest.chunks(_PIECE)):
        try:
            yield number, line, line.decode(encoding), too_long
        except UnicodeDecodeError:
            yield number, line, None, too_long


def csv_rows(
    manifest: MemberFile, *, encoding: str = "utf-8", delimiter: str = ",", quote: str = '"'
) -> Iterator[tuple[int, bytes, list[str] | None, Problem | None]]:
    """Yield rows as (line, bytes, cells or None, problem); a quoted cell may go over several lines."""
    pending = b""
    first = 0
    for number, line, text, too_long in _decoded(manifest, encoding):
        if number == 1 and line.startswith(_BOMS[0]):
            raise SourceError("bom", "The file begins with a byte order mark. Save it without one, or name utf-8-sig.")
        if text is None:
            yield number, line, None, Problem("encoding", "", f"The line is not {encoding}. Save the file as {encoding}.")
            continue
        if too_long or len(pending) > LONGEST_LINE_BYTES:
            yield number, line, None, Problem("line_too_long", "", "The line is longer than 1 MiB. Shorten it.")
            pending = b""
            continue
        if "\x00" in text:
            yield number, line, None, Problem("nul", "", "The line has a NUL character. Remove it.")
            continue
        whole = pending + b"\n" + line if pending else line
        first = first if pending else number
        if quote and whole.count(quote.encode(encoding)) % 2:
            pending = whole
            continue
        pending = b""
        if not whole.strip():
            continue
        quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
        try:
            cells = next(csv.reader([whole.decode(encoding)], delimiter=delimiter, strict=True, **quoting))
        except (csv.Error, StopIteration) as error:
            yield first, whole, None, Problem("csv", "", f"{str(error).capitalize()}. Mend quotes and separators.")
            continue
        yield first, whole, cells, None
    if pending:
        yield first, pending, None, Problem("csv", "", "A quoted cell is not closed. Mend the quotes.")


def _csv_records(manifest: MemberFile) -> Iterator[RawRecord]:
    header: list[str] | None = None
    for number, raw, cells, problem in csv_rows(manifest):
        if header is None:
            if cells is None:
                raise SourceError("header", problem.reason if problem else "The manifest has no header.")
            header = [cell.strip() for cell in cells]
            if len(set(header)) != len(header):
                raise SourceError("duplicate_column", "Two columns have the same name. Rename one.")
        elif cells is None or len(cells) != len(header):
            told = problem or Problem("columns", "", f"The line has {len(cells or [])} cells, the header {len(header)}.")
            yield RawRecord(0, number, raw, None, told)
        else:
            yield _nested_record(number, raw, dict(zip(header, cells, strict=True)))


def _nested_record(number: int, raw: bytes, flat: dict[str, str]) -> RawRecord:
    try:
        return RawRecord(0, number, raw, nest(flat))
    except ValueError as error:
        return RawRecord(0, number, raw, None, Problem("columns", "", str(error)))


def nest(flat: dict[str, str]) -> dict[str, Any]:
    """Turn dotted names into nested objects and lists; empty cells are left out.

    Errors: ValueError when names contradict each other.
    """
    root: dict[str, Any] = {}
    for name, value in flat.items():
        if value == "":
            continue
        *path, last = name.split(".")
        node: Any = root
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ValueError(f'The column "{name}" contradicts another. Rename one.')
        node[last] = value
    return _listed(root)


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_listed(node[key]) for key in sorted(node, key=int)]
    return {key: _listed(value) for key, value in node.items()}


def _mapped(manifest: MemberFile, mapping: Mapping) -> Iterator[RawRecord]:
    header: list[str] | None = None if mapping.header else []
    rows = csv_rows(manifest, encoding=mapping.encoding, delimiter=mapping.delimiter, quote=mapping.quote)
    for number, raw, cells, problem in rows:
        if cells is None:
            yield RawRecord(0, number, raw, None, problem)
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            unknown = mapping.missing_columns(header)
            if unknown:
                raise SourceError("columns", f"These columns are not in the file: {', '.join(unknown)}. Mend the mapping.")
            continue
        names = header or [str(index) for index in range(1, len(cells) + 1)]
        if len(cells) != len(names):
            reason = f"The line has {len(cells)} cells, the header {len(names)}. Mend the line."
            yield RawRecord(0, number, raw, None, Problem("columns", "", reason))
            continue
        try:
            yield RawRecord(0, number, raw, nest(mapping.apply(dict(zip(names, cells, strict=True)))))
        except MappingError as error:
            yield RawRecord(0, number, raw, None, Problem("mapping", error.column, str(error)))
