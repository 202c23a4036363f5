"""JSONL: a line that is broken is one record set aside, and nothing is guessed."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.ingest.readers import SourceError, open_source
from archive.ingest.readers.manifest import LONGEST_LINE_BYTES, lines_of, parse_line
from tests.archive.ingest.packages import code_of, manifest_of, package, read_line, read_records, record, write_zip

GOOD = manifest_of(record())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a": 1', "json"),
        (b'{"a": 1,}', "json"),
        (b"{'a': 1}", "json"),
        (b'{"a": 1} trailing', "json"),
        (b'{"a": 01}', "json"),
        (b'{"a": +1}', "json"),
        (b'{"a": .5}', "json"),
        (b'{"a": "tab\there"}', "json"),
        (b"// comment", "json"),
        (b'["a"]', "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "duplicate_key"),
        (b'{"a": NaN}', "number"),
        (b'{"a": -Infinity}', "number"),
        (b'{"a": "\\u0000"}', "nul"),
        (b'{"\\u0000": 1}', "nul"),
        (b'{"a": "\\\\\\u0000"}', "nul"),
        (b'{"a": "\x00"}', "nul"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\uDC00": 1}', "surrogate"),
        (b'{"a": ["\\udfff\\ud83d"]}', "surrogate"),
        (b'{"a": "M\xfcller"}', "encoding"),
        (b'{"a": "\xed\xa0\x80"}', "encoding"),
        (b'{"a": "\xc0\xaf"}', "encoding"),
        ('{"a": "x"}'.encode("utf-16-le"), "nul"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "too_deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        (b'{"a":' + b"[" * 400_000, "too_deep"),
    ],
)
def test_a_broken_line_says_what_is_wrong(line: bytes, code: str):
    found = parse_line(7, line)
    assert (found.line, found.data, found.raw, code_of(found)) == (7, None, line, code)
    assert found.problem.reason.endswith(".") and len(found.problem.reason) < 200


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "{[{[{[{[{[{[{[{[{[{[{[{["}', {"a": "{[" * 12}),
        (b'{"a": 1204.50}', {"a": "1204.50"}),
        (b'{"a": 1e400}', {"a": "1e400"}),
        (b'{"a": 9007199254740991}', {"a": 9007199254740991}),
        (b'{"a": 9007199254740992}', {"a": "9007199254740992"}),
        (b'{"a": -9007199254740993}', {"a": "-9007199254740993"}),
        (b'{"a": ' + b"9" * 5000 + b"}", {"a": "9" * 5000}),
        (b'{"a": -12, "b": true, "c": null}', {"a": -12, "b": True, "c": None}),
        (b"{}", {}),
    ],
)
def test_what_is_allowed_stays_as_it_was_written(line: bytes, data: dict[str, Any]):
    found = parse_line(1, line)
    assert (found.data, found.problem) == (data, None)


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b'{"a":1204.50}', {"a": "1204.50"}),
        (b'{"a":1204.55,"b":[0.5,-2.5]}', {"a": "1204.55", "b": ["0.5", "-2.5"]}),
        (b'{"a":1e5}', {"a": "1e5"}),
        (b'{"a":9007199254740993}', {"a": "9007199254740993"}),
        (b'{"a":-9007199254740993}', {"a": "-9007199254740993"}),
        (b'{"a":"1.5","b":12}', {"a": "1.5", "b": 12}),
        ('{"a":"Müller, 1.5 \U0001f600"}'.encode(), {"a": "Müller, 1.5 \U0001f600"}),
    ],
)
def test_a_line_without_blanks_is_read_like_any_other(line: bytes, data: dict[str, Any]):
    assert parse_line(1, line).data == data


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"a":{"b":1,"b":1}}', "duplicate_key"),
        (b'{"a":"\\u0000"}', "nul"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'["a"]', "not_an_object"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "too_deep"),
    ],
)
def test_a_line_without_blanks_is_refused_like_any_other(line: bytes, code: str):
    assert code_of(parse_line(1, line)) == code


def test_the_lines_after_a_broken_one_go_on(tmp_path: Path):
    manifest = GOOD + b"{broken\n\n" + b'{"x": "\xff"}\n' + GOOD
    (tmp_path / "manifest.jsonl").write_bytes(manifest)
    found = read_records(tmp_path)
    assert [(entry.ordinal, entry.line, code_of(entry)) for entry in found] == [
        (0, 1, ""),
        (1, 2, "json"),
        (2, 4, "encoding"),
        (3, 5, ""),
    ]
    assert found[1].raw == b"{broken"


def test_line_ends_of_windows_and_a_last_line_without_one_are_fine(tmp_path: Path):
    (tmp_path / "manifest.jsonl").write_bytes(b'{"a": 1}\r\n{"a": 2}')
    assert [found.data for found in read_records(tmp_path)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_a_byte_order_mark_is_refused_in_clear_words(tmp_path: Path, mark: bytes):
    with pytest.raises(SourceError, match="byte order mark"):
        read_line(tmp_path, mark + GOOD.strip())


def test_a_line_of_ten_megabytes_is_one_reject_that_keeps_its_first_mebibyte(tmp_path: Path):
    long = b'{"a": "' + b"x" * 10_000_000 + b'"}\n'
    (tmp_path / "manifest.jsonl").write_bytes(GOOD + long + GOOD)
    tracemalloc.start()
    found = read_records(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [code_of(entry) for entry in found] == ["", "line_too_long", ""]
    assert [entry.line for entry in found] == [1, 2, 3]
    assert found[1].raw == long[:LONGEST_LINE_BYTES]
    assert peak < 8 * LONGEST_LINE_BYTES


def test_a_long_line_that_begins_with_blanks_is_not_lost(tmp_path: Path):
    (tmp_path / "manifest.jsonl").write_bytes(b" " * (LONGEST_LINE_BYTES + 10) + GOOD + GOOD)
    assert [code_of(found) for found in read_records(tmp_path)] == ["line_too_long", ""]


def test_a_manifest_that_is_damaged_within_its_zip_ends_the_load_with_its_reason(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", {**package(3)}, method=0)
    path.write_bytes(path.read_bytes().replace(b"JOB7-000002", b"JOB8-000002", 1))
    with pytest.raises(SourceError) as caught:
        read_records(path)
    assert caught.value.code == "damaged"


def test_two_manifests_are_refused_not_guessed(tmp_path: Path):
    with pytest.raises(SourceError) as caught:
        open_source(write_zip(tmp_path / "a.zip", {**package(), "manifest.csv": b"external_id\n"}))
    assert caught.value.code == "many_indexes"


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20), st.integers(1, 30))
def test_lines_are_the_same_in_whatever_pieces_they_come(lines: list[bytes], size: int):
    content = b"".join(line + b"\n" for line in lines)
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert list(lines_of(pieces)) == [(n, line.removesuffix(b"\r"), False) for n, line in enumerate(lines, 1)]


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
)
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text("abcÄ"), inner), max_leaves=10)


@settings(max_examples=40)
@given(st.dictionaries(st.text("abcÄ😀"), values), st.booleans())
def test_what_json_writes_comes_back(data: dict[str, Any], ascii_only: bool):
    found = parse_line(1, json.dumps(data, ensure_ascii=ascii_only).encode())
    assert (found.data, found.problem) == (data, None)


@settings(max_examples=400)
@given(st.binary(max_size=60) | st.text('{}[]":,\\u0dD8né 1e.-+', max_size=60).map(str.encode))
@example(b'{"a":"\\u"}')
@example(b"{" * 5000)
def test_any_line_is_a_record_or_a_problem(line: bytes):
    found = parse_line(1, line)
    assert (found.data is None) == (found.problem is not None)
    if found.data is not None:
        json.dumps(found.data, ensure_ascii=False).encode()
