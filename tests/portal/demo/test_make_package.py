import datetime
import hashlib
import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from portal.demo.bulk import BulkRequest, make_patterns, write_bulk
from portal.demo.package import open_package, tar_header
from tests.portal.demo.reading import files_of, records_of, text_of

DAYS = ("--from", "2025-01-01", "--to", "2025-12-31")


def make(out, *arguments, communications=9):
    said = io.StringIO()
    call_command("make_package", "--communications", str(communications), "--out", str(out), *arguments, stdout=said)
    return said.getvalue()


def test_a_package_has_the_documents_asked_for_spread_over_the_days(tmp_path):
    said = make(tmp_path / "a.tar", *DAYS, communications=365)
    records = records_of(tmp_path / "a.tar")
    assert len({record["issued_on"] for record in records}) == len(records) == 365
    assert len({record["external_id"] for record in records}) == 365
    assert len({record["customer_id"] for record in records}) <= 31
    assert "365 communications" in said


def test_every_document_is_a_letter_to_the_customer_that_the_manifest_names(tmp_path):
    make(tmp_path / "a.tar", "--variants", "3", *DAYS)
    files = files_of(tmp_path / "a.tar")
    for record in records_of(tmp_path / "a.tar"):
        printed, mailed, texted = record["variants"]
        pages, text = text_of(files[printed["file"]])
        assert pages == printed["pages"]
        html = files[mailed["file"]].decode()
        party = record["parties"][0]
        for wanted in (party["name"], record["account_number"], record["customer_id"], record["external_id"]):
            assert wanted in text and wanted in html
        assert party["postcode"] in text and record["issued_on"][:4] in text
        assert len(texted["text"]) <= 160
        assert set(mailed["resources"]) <= files.keys()


def test_no_place_is_left_unfilled(tmp_path):
    make(tmp_path / "a.tar", "--variants", "3", *DAYS, communications=60)
    placeholders = ("Qvnpxz", "Xqstreet", "Zqtown", "Zqpst", "98765432", "JOB209909", "2099", "2098")
    for name, payload in files_of(tmp_path / "a.tar").items():
        text = text_of(payload)[1] if name.endswith(".pdf") else payload.decode("utf-8", "ignore")
        assert not [place for place in placeholders if place in text], name


@pytest.mark.parametrize("size", [2_500, 20_000, 100_000])
def test_documents_have_exactly_the_size_asked_for_and_each_its_own_digest(tmp_path, size):
    make(tmp_path / "a.tar", "--size", str(size), *DAYS)
    files = files_of(tmp_path / "a.tar")
    printed = [payload for name, payload in files.items() if name.endswith(".pdf")]
    assert {len(payload) for payload in printed} == {size}
    assert len({hashlib.sha256(payload).digest() for payload in printed}) == 9
    for record in records_of(tmp_path / "a.tar"):
        variant = record["variants"][0]
        pages, text = text_of(files[variant["file"]])
        assert pages == variant["pages"]
        assert record["external_id"] in text


def test_offsets_of_a_resized_document_are_right():
    request = BulkRequest(
        count=10, first_day=datetime.date(2025, 1, 1), last_day=datetime.date(2025, 1, 2), size_bytes=98_765
    )
    for pattern in make_patterns(request):
        payload = b"".join(pattern.pdf.parts)
        assert len(payload) + sum(pattern.pdf.widths) == 98_765
        start = int(payload.rsplit(b"startxref\n", 1)[1].split()[0])
        filled = pattern.pdf.fill(dict.fromkeys(pattern.pdf.places, "x"))
        assert filled[start : start + 4] == b"xref"


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a"])
def test_the_same_arguments_write_the_same_bytes_in_every_form(tmp_path, name):
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        make(tmp_path / folder / name, "--variants", "3", *DAYS)
        written = tmp_path / folder / name
        paths = sorted(written.rglob("*")) if written.is_dir() else [written]
        contents.append([path.read_bytes() for path in paths if path.is_file()])
    assert contents[0] == contents[1]
    assert not list(tmp_path.rglob("*.part"))


def test_the_forms_hold_the_same_files(tmp_path):
    for name in ("a.tar", "a.zip", "a"):
        make(tmp_path / name, "--variants", "3", *DAYS)
    tar = files_of(tmp_path / "a.tar")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist()[0] == "manifest.jsonl"
        assert {name: archive.read(name) for name in archive.namelist()} == tar
    assert {str(path.relative_to(tmp_path / "a")): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")} == tar


def test_another_seed_gives_other_ids(tmp_path):
    make(tmp_path / "a.tar", *DAYS)
    make(tmp_path / "b.tar", "--seed", "2", *DAYS)
    ids = [{record["external_id"] for record in records_of(tmp_path / name)} for name in ("a.tar", "b.tar")]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "2025-02-31"), "no date"),
        (("--to", "31.12.2025"), "no date"),
        (("--from", "2025-12-31", "--to", "2025-01-01"), "Swap them"),
        (("--size", "many"), "no whole number"),
        (("--size", "900"), "The smallest letter has"),
        (("--variants", "2"), "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path, arguments, told):
    with pytest.raises(CommandError, match=told):
        make(tmp_path / "a.tar", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_count_that_is_none_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no whole number from 1"):
        make(tmp_path / "a.tar", communications=0)


def test_a_folder_that_has_files_is_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        make(tmp_path / "a")
    with pytest.raises(CommandError, match="cannot be written"):
        make(tmp_path / "nowhere" / "a.tar")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "mine.txt"]


def test_a_writer_that_is_interrupted_leaves_nothing(tmp_path):
    request = BulkRequest(count=3, first_day=datetime.date(2025, 1, 1), last_day=datetime.date(2025, 1, 2))
    for name in ("a.tar", "a.zip", "a"):
        with pytest.raises(KeyboardInterrupt), open_package(tmp_path / name) as writer:
            write_bulk(writer, request)
            raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_tar_header_says_name_and_size_and_refuses_what_does_not_fit():
    import tarfile

    info = tarfile.TarInfo.frombuf(tar_header("print/a.pdf", 20_000), "ascii", "strict")
    assert (info.name, info.size, info.isfile()) == ("print/a.pdf", 20_000, True)
    with pytest.raises(ValueError, match="does not fit"):
        tar_header("x" * 101, 1)


def test_the_manifest_is_valid_json_line_by_line(tmp_path):
    make(tmp_path / "a", *DAYS)
    lines = (tmp_path / "a" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["run_sequence"] for line in lines] == list(range(9))
