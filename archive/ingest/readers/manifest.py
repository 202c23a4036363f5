"""The manifest of a package: a record a line, JSONL or CSV. A line that is broken is one record set aside.

JSONL is UTF-8 without a BOM; duplicate keys, NUL, NaN, lone surrogates and lines over 1 MiB are refused, not guessed
(S-14). Our own CSV names nested fields with dots: `index.branch`, `parties.0.name`, `variants.0.file`.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Self

import orjson

from archive.ingest.mapping import Mapping, MappingError
from archive.ingest.readers.files import MANIFESTS, Files, checked_name
from archive.ingest.records import MemberFile, MemberProblem, Problem, RawRecord, SourceError

LONGEST_LINE_BYTES = 1024 * 1024
COUNTED_BYTES = 256 * 1024 * 1024
DEEPEST = 20
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# A decimal, which stays as it is written, or a number that may be beyond 2^53; some texts look alike, which is no harm.
# Three patterns that each begin with fixed bytes: those are looked for ten times as fast as one of a set.
_ODD_NUMBERS = [re.compile(before + rb"-?(?:[0-9]+[.eE]|[0-9]{16})").search for before in (b'":', b",", rb"\[")]
_POSITION = re.compile(r"[0-9]{1,4}")
# Python's own limit is 131,072: a longer cell would end its row early, and its rest would be read as rows.
csv.field_size_limit(2 * LONGEST_LINE_BYTES)
_PIECE = 1024 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class PackageSource:
    """A package: its files and the records of its manifest."""

    def __init__(self, files: Files, *, mapping: Mapping | None = None) -> None:
        self._files = files
        self._mapping = mapping
        self.name = files.name
        self.total_bytes = files.total_bytes
        try:
            self._manifest = self._chosen(files.manifest_names())
        except BaseException:
            files.close()
            raise

    def _chosen(self, names: list[str]) -> str:
        """Return the one file that says what came; nothing is guessed where several could."""
        if not names:
            if self._files.problem:
                raise SourceError("truncated", f"No manifest was found. {self._files.problem}")
            reason = "There is no manifest.jsonl or manifest.csv at the top. Add one, or a CSV and a mapping."
            raise SourceError("no_manifest", reason)
        folder, slash, first = names[0].rpartition("/")
        self._folder = folder + slash
        is_json = first.lower().endswith(".jsonl")
        if self._mapping is not None and is_json:
            raise SourceError("mapped_jsonl", f"{first} needs no mapping; one is for CSV files. Leave it out.")
        if len(names) > 1:
            raise SourceError("many_indexes", f"There are several index files: {', '.join(names[:5])}. Keep one.")
        if self._mapping is None and first not in MANIFESTS and not is_json:
            raise SourceError("no_mapping", f"{first} is not our manifest. Say by which saved mapping to read it.")
        return names[0]

    @property
    def problem(self) -> str:
        """Return what was wrong with the package as a whole."""
        return self._files.problem

    def count_records(self) -> int | None:
        """Count the records without parsing them, in a manifest of at most 256 MiB."""
        try:
            manifest = self._files.open(self._manifest)
            if manifest.size_bytes > COUNTED_BYTES:
                return None
            if not self._manifest.lower().endswith(".csv") and self._mapping is None:
                return sum(1 for _number, line, _too_long in lines_of(manifest.chunks(_PIECE)) if line.strip())
            quote, header = (self._mapping.quote, self._mapping.header) if self._mapping else ('"', True)
            return max(0, _count_rows(manifest, quote.encode()) - header)
        except MemberProblem:  # said when the manifest is read
            return None

    def records(self, start: int) -> Iterator[RawRecord]:
        """Yield the records from ordinal `start` on."""
        try:
            for ordinal, record in enumerate(self._parsed(self._files.open(self._manifest))):
                record.ordinal = ordinal
                if ordinal >= start:
                    yield record
            self._files.finish()
        except MemberProblem as problem:  # of the manifest itself: what comes after it cannot be known
            raise SourceError(problem.code, problem.reason) from None

    def _parsed(self, manifest: MemberFile) -> Iterator[RawRecord]:
        if self._mapping is not None:
            return _mapped(manifest, self._mapping)
        if self._manifest.lower().endswith(".csv"):
            return _csv_records(manifest)
        return _json_records(manifest)

    def open(self, name: str) -> MemberFile:
        """Return a member of the package."""
        # Names are relative to the manifest, and never lead out of its folder.
        return self._files.open(self._folder + checked_name(name) if self._folder else name)

    def close(self) -> None:
        """Close the package."""
        self._files.close()

    def __enter__(self) -> PackageSource:
        return self

    def __exit__(self, *error: object) -> None:
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


def _count_rows(manifest: MemberFile, quote: bytes) -> int:
    """Count the rows of a CSV; a quoted cell may go over several lines."""
    count, open_quote, filled = 0, False, False
    for _number, line, _too_long in lines_of(manifest.chunks(_PIECE)):
        filled = filled or bool(line.strip())
        open_quote ^= bool(quote) and line.count(quote) % 2 == 1
        if filled and not open_quote:
            count, filled = count + 1, False
    return count


def _json_records(manifest: MemberFile) -> Iterator[RawRecord]:
    for number, line, too_long in lines_of(manifest.chunks(_PIECE)):
        if number == 1 and line.startswith(_BOMS):
            reason = "The manifest begins with a byte order mark. Save it as UTF-8 without one."
            raise SourceError("bom", reason)
        if too_long:
            yield _broken(number, line, "line_too_long", "The line is longer than 1 MiB. Shorten it.")
        elif line.strip():
            yield parse_line(number, line)


def parse_line(number: int, line: bytes) -> RawRecord:
    """Parse one line of JSON; what is wrong with it becomes the record's problem."""
    data = _plain(line)
    if data is not None:
        return RawRecord(0, number, line, data)
    try:
        if b"\x00" in line or (b"\\u0000" in line and _NUL_ESCAPE.search(line)):
            raise _Refused("nul", "The line has a NUL character. Remove it.")
        data = _decoder.decode(line.decode("utf-8"))
        if not isinstance(data, dict):
            raise _Refused("not_an_object", "The line is no JSON object. Write one object {…} on each line.")
        # Only an escape makes half a surrogate pair, and only brackets nest: most lines have neither to look for.
        if _SURROGATE.search(line) or line.count(b"{") + line.count(b"[") > DEEPEST:
            _refuse_odd(data, 0)
    except UnicodeDecodeError as error:
        reason = f"Byte {error.start + 1} of the line is not UTF-8. Save the manifest as UTF-8."
        return _broken(number, line, "encoding", reason)
    except json.JSONDecodeError as error:
        return _broken(number, line, "json", f"Character {error.pos + 1}: {error.msg}. Mend the JSON.")
    except RecursionError:
        return _broken(number, line, "too_deep", f"Objects are nested more than {DEEPEST} deep. Flatten them.")
    except _Refused as error:
        return _broken(number, line, error.code, str(error))
    except ValueError as error:
        return _broken(number, line, "json", f"{error}. Mend the JSON.")
    return RawRecord(0, number, line, data)


def _plain(line: bytes) -> dict[str, Any] | None:
    """Parse a line that has nothing to look at twice, four times as fast as with hooks; None: look closer.

    A line that is written back byte for byte had no key twice, no odd escape and no half of a surrogate pair.
    """
    if line.count(b"{") + line.count(b"[") > DEEPEST or b"\\u0000" in line or _odd_number(line):
        return None
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return data if type(data) is dict and orjson.dumps(data) == line else None


def _odd_number(line: bytes) -> bool:
    """Tell whether a number may stand there that must be kept as it is written."""
    return any(search(line) for search in _ODD_NUMBERS)


class _Refused(Exception):  # noqa: N818  (told of a line, not of the program)
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


def _whole_number(text: str) -> int | str:
    """Keep a number that others would round, from 2^53 on, as the text it is."""
    if len(text) > 17:  # beyond it for sure, and perhaps longer than Python converts
        return text
    number = int(text)
    return number if abs(number) < 2**53 else text


# Decimals stay as they are written: 1204.50 is not 1204.5.
_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=str, parse_int=_whole_number
)


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


class _RowLines:
    """Hands lines to `csv.reader` and remembers those of the row in hand, which may have a quoted cell over several.

    A line that cannot be decoded must not end its row: what follows would be read as rows of its own. So it is handed
    on with marks in place of what is wrong, and the whole row is set aside.
    """

    def __init__(self, manifest: MemberFile, encoding: str) -> None:
        self._lines = lines_of(manifest.chunks(_PIECE))
        self._marked = codecs.lookup(encoding).name == "utf-8-sig"
        self._encoding = "utf-8" if self._marked else encoding
        self.begin()

    def begin(self) -> None:
        """Forget the row in hand."""
        self.first = 0
        self.problem: Problem | None = None
        self._raw: list[bytes] = []
        self._size = 0

    @property
    def raw(self) -> bytes:
        """Return the lines of the row as they came."""
        return b"\n".join(self._raw)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        number, line, too_long = next(self._lines)
        self._raw.append(line)
        self._size += len(line) + 1
        if number == 1:
            line = self._without_mark(line)
        if not self.first:
            self.first = number
        elif self._size > LONGEST_LINE_BYTES:
            reason = f"The quoted cell that begins in line {self.first} has no end within 1 MiB. Close its quote."
            raise SourceError("open_quote", reason)
        if too_long:
            raise _Refused("line_too_long", "The line is longer than 1 MiB. Shorten it.")
        return self._text(line) + "\n"

    def _without_mark(self, line: bytes) -> bytes:
        if line.startswith(_BOMS[0]) and self._marked:
            return line[len(_BOMS[0]) :]
        if line.startswith(_BOMS):
            raise SourceError("bom", "The file begins with a byte order mark. Save it as UTF-8 without one.")
        return line

    def _text(self, line: bytes) -> str:
        if b"\x00" in line:
            self.problem = self.problem or Problem("nul", "", "The line has a NUL character. Remove it.")
            line = line.replace(b"\x00", b"?")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            reason = f"The line is not {self._encoding}. Save the file as {self._encoding}."
            self.problem = self.problem or Problem("encoding", "", reason)
            return line.decode(self._encoding, "replace")


def csv_rows(
    manifest: MemberFile, *, encoding: str = "utf-8", delimiter: str = ",", quote: str = '"'
) -> Iterator[tuple[int, bytes, list[str] | None, Problem | None]]:
    """Yield rows as (line, bytes, cells or None, problem); a quoted cell may go over several lines.

    Errors: SourceError for a byte order mark, and for a quoted cell without an end: where the next row begins is then
    unknown, and is not guessed.
    """
    lines = _RowLines(manifest, encoding)
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(lines, delimiter=delimiter, strict=True, **quoting)
    while True:
        lines.begin()
        cells: list[str] | None = None
        try:
            cells = next(reader)
            problem = lines.problem
        except StopIteration:
            return
        except csv.Error as error:
            problem = lines.problem or Problem("csv", "", f"{str(error).capitalize()}. Mend quotes and separators.")
        except _Refused as error:
            problem = Problem(error.code, "", str(error))
        if problem is not None:
            yield lines.first, lines.raw, None, problem
        elif lines.raw.strip():
            yield lines.first, lines.raw, cells, None


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
            reason = f"The line has {len(cells or [])} cells, the header {len(header)}. Mend the line."
            yield RawRecord(0, number, raw, None, problem or Problem("columns", "", reason))
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
        if len(path) >= DEEPEST:
            raise ValueError(f'The column "{name[:40]}…" has more than {DEEPEST} points. Rename it.')
        node: Any = root
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        if not isinstance(node, dict) or last in node:
            raise ValueError(f'The column "{name}" contradicts another. Rename one.')
        node[last] = value
    parties = root.get("parties")
    if isinstance(parties, dict) and sorted(parties) != sorted(str(number) for number in range(len(parties))):
        raise ValueError(
            "A party is empty and a later one is not: recipients would change. Fill the parties from 0 on."
        )
    return {name: _listed(value) for name, value in root.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(_POSITION.fullmatch(key) for key in node):
        return [_listed(node[key]) for key in sorted(node, key=int)]
    return {key: _listed(value) for key, value in node.items()}


def _mapped(manifest: MemberFile, mapping: Mapping) -> Iterator[RawRecord]:
    header: list[str] | None = None if mapping.header else []  # without one, columns are named by their number
    rows = csv_rows(manifest, encoding=mapping.encoding, delimiter=mapping.delimiter, quote=mapping.quote)
    for number, raw, cells, problem in rows:
        if header is None:
            header = _mapped_header(cells, problem, mapping)
            continue
        if cells is None:
            yield RawRecord(0, number, raw, None, problem)
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
        except ValueError as error:
            yield RawRecord(0, number, raw, None, Problem("columns", "", str(error)))


def _mapped_header(cells: list[str] | None, problem: Problem | None, mapping: Mapping) -> list[str]:
    """Return the names of the columns; each one that the mapping reads stands there exactly once."""
    if cells is None:
        raise SourceError("header", problem.reason if problem else "The file has no header.")
    header = [cell.strip() for cell in cells]
    unknown = mapping.missing_columns(header)
    if unknown:
        raise SourceError("columns", f"These columns are not in the file: {', '.join(unknown)}. Mend the mapping.")
    twice = [column for column in mapping.columns if header.count(column) > 1]
    if twice:
        raise SourceError("duplicate_column", f"These columns stand there twice: {', '.join(twice)}. Rename one.")
    return header
