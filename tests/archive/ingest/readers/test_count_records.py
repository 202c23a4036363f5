"""How many records a manifest has is known before they are read, so that a load can say how far it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.ingest.mapping import Mapping
from archive.ingest.readers import manifest, open_source
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar, write_zip

HEADER = b"external_id,subject\n"


@pytest.mark.parametrize(
    ("name", "content", "mapping"),
    [
        ("manifest.jsonl", manifest_of(record(1), record(2)), None),
        ("manifest.jsonl", manifest_of(record(1)) + b"\n  \r\n{broken\n" + manifest_of(record(2)).rstrip(), None),
        ("manifest.jsonl", b"", None),
        ("manifest.csv", HEADER + b'1,"two\nlines ""and\n quotes"""\n2,x\n\n3,y', None),
        ("manifest.csv", HEADER, None),
        ("list.csv", b"1;a\n2;b\n", Mapping({"1": "external_id"}, delimiter=";", header=False)),
        ("list.csv", b'N\n"1\n2"\n3\n', Mapping({"N": "external_id"})),
        ("list.csv", b'N\n5" pipe\n3\n', Mapping({"N": "external_id"}, quote="")),
    ],
)
def test_the_count_is_that_of_the_records(tmp_path: Path, name: str, content: bytes, mapping: Mapping | None) -> None:
    with open_source(write_folder(tmp_path, {name: content}), mapping=mapping) as source:
        assert source.count_records() == len(list(source.records(0)))


@pytest.mark.parametrize("write", [write_tar, write_zip, write_folder])
def test_a_package_of_any_kind_is_counted_before_it_is_read(tmp_path: Path, write: object) -> None:
    with open_source(write(tmp_path / "a", package(7))) as source:  # type: ignore[operator]
        assert source.count_records() == 7
        assert len(list(source.records(0))) == 7


def test_a_manifest_that_takes_long_to_count_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "COUNTED_BYTES", 100)
    with open_source(write_tar(tmp_path / "a.tar", package(7))) as source:
        assert source.count_records() is None
