"""Real and hostile files of others: each is read, or refused in a sentence of ours; nothing else happens."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.ingest.mapping import Mapping
from archive.ingest.readers import SourceError, open_source
from archive.ingest.readers.zip import ZipFiles
from archive.ingest.records import MemberProblem, Source
from tests.archive.ingest.packages import read_records, write_folder

MAPPING = Mapping(columns={"1": "external_id"}, header=False)
SMALL_BYTES = 100_000


def listed(real_files: Path) -> Iterator[Path]:
    with (real_files / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = real_files / row["path"]
            if path.is_file():
                yield path


def read_through(source: Source) -> int:
    with source:
        return sum(1 for _ in source.records(0))


def test_every_file_given_as_a_package_is_read_or_refused(real_files: Path):
    refused = tried = 0
    for path in listed(real_files):
        if path.suffix.lower() in (".csv", ".jsonl"):
            continue  # a manifest beside its folder: the next test
        tried += 1
        try:
            read_through(open_source(path))
        except SourceError as error:
            refused += 1
            assert str(error).endswith("."), path
    assert tried > 1_000
    assert refused == tried, "none of them is a native package"


@pytest.mark.parametrize("name", ["manifest.jsonl", "manifest.csv", "index.csv"])
def test_every_small_file_taken_for_a_manifest_gives_records_and_problems_only(
    real_files: Path, tmp_path: Path, name: str
):
    mapping = MAPPING if name == "index.csv" else None
    tried = 0
    for number, path in enumerate(listed(real_files)):
        if path.stat().st_size > SMALL_BYTES:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(path.read_bytes())
        tried += 1
        try:
            records = read_records(folder / name, mapping=mapping)
        except SourceError as error:
            assert str(error).endswith("."), path
            continue
        assert all((record.data is None) == (record.problem is not None) for record in records), path
        assert [record.ordinal for record in records] == list(range(len(records)))
    assert tried > 500


def test_the_cases_of_csv_spectrum_come_out_as_they_should(real_files: Path, tmp_path: Path):
    cases = sorted((real_files / "index" / "csv-spectrum-2.0.0" / "csvs").glob("*.csv"))
    assert len(cases) == 12
    for case in cases:
        write_folder(tmp_path / case.stem, {"manifest.csv": case.read_bytes()})
        text = (case.parent.parent / "json" / f"{case.stem}.json").read_text(encoding="utf-8")
        expected = json.loads(text.replace("\\r\\n", "\\n"))  # a line end within a cell is one character with us
        expected = expected if isinstance(expected, list) else [expected]
        found = [record.data for record in read_records(tmp_path / case.stem)]
        for row in [*found, *expected]:
            row.pop("Contact Phone Number", None)  # the collection's own two files disagree about it
        assert found == [{key: value for key, value in row.items() if value != ""} for row in expected], case.name


def test_every_zip_gives_the_bytes_that_python_reads_or_a_problem(real_files: Path):
    tried = 0
    for path in (path for path in listed(real_files) if path.suffix.lower() == ".zip"):
        files = ZipFiles(path)
        with zipfile.ZipFile(path) as theirs:
            for info in theirs.infolist():
                if info.is_dir():
                    continue
                tried += 1
                try:
                    assert files.open(info.filename).read_all() == theirs.read(info)
                except MemberProblem as problem:
                    assert problem.reason.endswith(".")
        files.close()
    assert tried > 20


def test_no_unsafe_name_is_ever_opened(real_files: Path):
    met = 0
    with (real_files / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("archive-hostile/")]
    for row in rows:
        files = ZipFiles(real_files / row["path"])
        for name in json.loads(row["expected_facts_json"]).get("unsafe_names", []):
            met += 1
            with pytest.raises(MemberProblem):
                files.open(name)
            with pytest.raises(MemberProblem):
                files.open(os.path.normpath(f"/{name}").lstrip("/"))
        files.close()
    assert met >= 4
