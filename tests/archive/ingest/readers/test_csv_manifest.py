"""CSV of our own and of others: rows are what the quotes say, and a row in doubt is set aside whole."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.ingest.mapping import Mapping
from archive.ingest.readers import SourceError, open_source
from archive.ingest.readers.manifest import LONGEST_LINE_BYTES, nest
from archive.ingest.records import RawRecord
from tests.archive.ingest.packages import code_of, read_records, write_folder, write_tar

HEADER = b"external_id,business_unit,index.branch,parties.0.name,variants.0.channel,variants.0.file\n"


def ours(tmp_path: Path, content: bytes) -> list[RawRecord]:
    write_folder(tmp_path, {"manifest.csv": content})
    return read_records(tmp_path)


def theirs(tmp_path: Path, content: bytes, **definition: Any) -> list[RawRecord]:
    write_folder(tmp_path, {"index.csv": content})
    return read_records(
        tmp_path / "index.csv", mapping=Mapping.from_definition({"columns": {"id": "external_id"}, **definition})
    )


def outcomes(found: list[RawRecord]) -> list[tuple[int, Any]]:
    return [(entry.line, entry.data if entry.data is not None else code_of(entry)) for entry in found]


def test_dotted_columns_become_a_record(tmp_path: Path):
    (found,) = ours(tmp_path, HEADER + b'A1,retail,012,"M\xc3\xbcller, Eva",print,print/1.pdf\n')
    assert found.data == {
        "external_id": "A1",
        "business_unit": "retail",
        "index": {"branch": "012"},
        "parties": [{"name": "Müller, Eva"}],
        "variants": [{"channel": "print", "file": "print/1.pdf"}],
    }


def test_a_csv_manifest_within_a_tar_is_read(tmp_path: Path):
    path = write_tar(tmp_path / "a.tar", {"1.pdf": b"x", "manifest.csv": HEADER + b"A1,retail,,,print,1.pdf\n"})
    assert [found.data["external_id"] for found in read_records(path)] == ["A1"]


def test_a_quoted_cell_over_lines_is_one_record_at_its_first_line(tmp_path: Path):
    found = ours(tmp_path, b'id,note\n1,"a\nb ""c"""\r\n\n2,d\n')
    assert outcomes(found) == [(2, {"id": "1", "note": 'a\nb "c"'}), (5, {"id": "2", "note": "d"})]
    assert found[0].raw == b'1,"a\nb ""c"""'


def test_too_few_and_too_many_cells_are_problems_of_their_line(tmp_path: Path):
    found = ours(tmp_path, b"id,note\n1\n2,b,c\n3,d\n")
    assert outcomes(found) == [(2, "columns"), (3, "columns"), (4, {"id": "3", "note": "d"})]
    assert found[0].problem.reason == "The line has 1 cells, the header 2. Mend the line."


def test_characters_behind_a_closing_quote_are_refused_not_guessed(tmp_path: Path):
    assert outcomes(ours(tmp_path, b'id,note\n1,"a"b\n2,c\n')) == [(2, "csv"), (3, {"id": "2", "note": "c"})]


def test_a_quote_that_never_closes_sets_aside_all_that_it_swallowed(tmp_path: Path):
    found = ours(tmp_path, b'id,note\n1,a\n2,"b\n3,c\n')
    assert outcomes(found) == [(2, {"id": "1", "note": "a"}), (3, "csv")]
    assert found[1].raw == b'2,"b\n3,c'


def test_a_quote_that_swallows_more_than_a_mebibyte_ends_the_load(tmp_path: Path):
    with pytest.raises(SourceError, match="begins in line 3 has no end"):
        ours(tmp_path, b'id,note\n1,a\n2,"b\n' + b"3,c\n" * (LONGEST_LINE_BYTES // 3))


def test_a_quoted_cell_of_half_a_mebibyte_is_read_whole(tmp_path: Path):
    (found,) = ours(tmp_path, b'id,note\n1,"' + b"word\n" * 100_000 + b'"\n')
    assert found.data["note"] == "word\n" * 100_000


def test_a_line_in_the_wrong_encoding_is_one_reject(tmp_path: Path):
    found = ours(tmp_path, b"id,note\n1,M\xfcller\n2,M\xc3\xbcller\n")
    assert outcomes(found) == [(2, "encoding"), (3, {"id": "2", "note": "Müller"})]


def test_a_wrong_byte_within_a_quoted_cell_sets_aside_the_whole_row(tmp_path: Path):
    found = ours(tmp_path, b'id,note\n1,"a\n\xff\nb"\n2,c\n')
    assert outcomes(found) == [(2, "encoding"), (5, {"id": "2", "note": "c"})]
    assert found[0].raw == b'1,"a\n\xff\nb"'


def test_a_nul_within_a_quoted_cell_sets_aside_the_whole_row(tmp_path: Path):
    assert outcomes(ours(tmp_path, b'id,note\n1,"a\n\0",x\n2,c\n')) == [(2, "nul"), (4, {"id": "2", "note": "c"})]


def test_a_line_of_ten_megabytes_is_one_reject(tmp_path: Path):
    found = ours(tmp_path, b"id,note\n1," + b"x" * 10_000_000 + b"\n2,c\n")
    assert outcomes(found) == [(2, "line_too_long"), (3, {"id": "2", "note": "c"})]
    assert len(found[0].raw) == LONGEST_LINE_BYTES


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_a_byte_order_mark_is_refused(tmp_path: Path, mark: bytes):
    with pytest.raises(SourceError, match="byte order mark"):
        ours(tmp_path, mark + b"id,note\n1,a\n")


@pytest.mark.parametrize("header", [b"id,id", b"a,b, a", b",,"])
def test_columns_of_the_same_name_are_refused(tmp_path: Path, header: bytes):
    with pytest.raises(SourceError) as caught:
        ours(tmp_path, header + b"\n1,2,3\n")
    assert caught.value.code == "duplicate_column"


@pytest.mark.parametrize("header", [b'id,"no\n1,a\n', b"id,M\xfc\n1,a\n", b'"id"x,note\n'])
def test_a_broken_header_ends_the_load_and_no_row_takes_its_place(tmp_path: Path, header: bytes):
    for read in (ours, theirs):
        with pytest.raises(SourceError) as caught:
            read(tmp_path, header)
        assert caught.value.code == "header"


def test_an_empty_file_has_no_records(tmp_path: Path):
    assert ours(tmp_path, b"") == []
    assert ours(tmp_path, HEADER) == []


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), st.text("ab\",;\n '")), max_size=8
    )
)
def test_what_python_writes_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("id", "note"), *rows])
    found = ours(tmp_path_factory.mktemp("csv"), text.getvalue().encode())
    assert [(entry.data.get("id", ""), entry.data.get("note", "")) for entry in found] == rows


@given(st.binary(max_size=200))
def test_any_bytes_give_records_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    try:
        found = ours(tmp_path_factory.mktemp("csv"), b"id,note\n" + content)
    except SourceError:
        return
    assert all((entry.data is None) == (entry.problem is not None) for entry in found)


@pytest.mark.parametrize(
    "names", [("a", "a.b"), ("a.b", "a"), ("a.0.x", "a.0"), (".".join("a" * 5000),), ("a.b.c", "a.b")]
)
def test_columns_that_contradict_each_other_are_refused(names: tuple[str, ...]):
    with pytest.raises(ValueError, match="column"):
        nest(dict.fromkeys(names, "x"))


def test_an_empty_place_in_a_list_closes_up_except_among_parties():
    assert nest({"variants.0.file": "", "variants.1.file": "x"}) == {"variants": [{"file": "x"}]}
    with pytest.raises(ValueError, match="party"):
        nest({"parties.0.name": "", "parties.1.name": "x"})


@pytest.mark.parametrize("name", ["a.²", "a.٣", "a.12345678901", "a.-1"])
def test_what_only_looks_like_a_position_is_a_name(name: str):
    assert nest({name: "x"}) == {"a": {name[2:]: "x"}}


def test_a_record_stays_a_record_when_its_columns_are_numbers(tmp_path: Path):
    assert outcomes(ours(tmp_path, b"0,1\na,b\n")) == [(2, {"0": "a", "1": "b"})]


# Somebody else's CSV, read by a saved mapping


def test_the_mapping_decides_separator_quote_encoding_and_names(tmp_path: Path):
    content = "Konto;Datum;Datei\n'0;1';31.10.2026;Müller.pdf\n".encode("cp1252")
    found = theirs(
        tmp_path,
        content,
        delimiter=";",
        quote="'",
        encoding="cp1252",
        date_format="%d.%m.%Y",
        columns={"Konto": "account_number", "Datum": "issued_on", "Datei": "variants.0.file"},
        constants={"business_unit": "retail", "variants.0.channel": "print"},
    )
    assert [entry.data for entry in found] == [
        {
            "business_unit": "retail",
            "account_number": "0;1",
            "issued_on": "2026-10-31",
            "variants": [{"channel": "print", "file": "Müller.pdf"}],
        }
    ]


def test_a_tab_separated_file_without_quotes_or_header_is_read(tmp_path: Path):
    found = theirs(
        tmp_path,
        b'A1\t5" disk\nA2\t"\n',
        delimiter="\t",
        quote="",
        header=False,
        columns={"1": "external_id", "2": "subject"},
    )
    assert [entry.data for entry in found] == [
        {"external_id": "A1", "subject": '5" disk'},
        {"external_id": "A2", "subject": '"'},
    ]


def test_an_inch_sign_within_an_unquoted_cell_swallows_no_line(tmp_path: Path):
    found = theirs(tmp_path, b'id,what\n1,5" disk\n2,3" disk\n', columns={"id": "external_id", "what": "subject"})
    assert [entry.data["subject"] for entry in found] == ['5" disk', '3" disk']


def test_a_byte_order_mark_is_fine_where_the_mapping_names_it(tmp_path: Path):
    assert [entry.data for entry in theirs(tmp_path, b"\xef\xbb\xbfid\n1\n", encoding="utf-8-sig")] == [
        {"external_id": "1"}
    ]
    assert [entry.data for entry in theirs(tmp_path, b"id\n1\n", encoding="UTF_8_SIG")] == [{"external_id": "1"}]


def test_a_column_that_the_mapping_needs_and_the_file_lacks_ends_the_load(tmp_path: Path):
    with pytest.raises(SourceError, match="not in the file: id"):
        theirs(tmp_path, b"ID\n1\n")


def test_a_column_that_the_mapping_reads_may_stand_there_once_only(tmp_path: Path):
    with pytest.raises(SourceError) as caught:
        theirs(tmp_path, b"id,x,id\n1,2,3\n")
    assert caught.value.code == "duplicate_column"
    assert [entry.data for entry in theirs(tmp_path, b"id,,\n1,2,3\n")] == [{"external_id": "1"}]


def test_a_wrong_date_names_line_and_column(tmp_path: Path):
    found = theirs(
        tmp_path,
        b"id,day\n1,31.02.2026\n2,01.02.2026\n",
        date_format="%d.%m.%Y",
        columns={"id": "external_id", "day": "issued_on"},
    )
    assert outcomes(found) == [(2, "mapping"), (3, {"external_id": "2", "issued_on": "2026-02-01"})]
    assert found[0].problem.field == "day"


def test_our_own_jsonl_takes_no_mapping(tmp_path: Path):
    write_folder(tmp_path, {"manifest.jsonl": b"{}\n"})
    with pytest.raises(SourceError, match="needs no mapping"):
        open_source(tmp_path, mapping=Mapping(columns={"a": "b"}))


def test_several_indexes_are_refused_until_one_is_named(tmp_path: Path):
    write_folder(tmp_path, {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"})
    mapping = Mapping(columns={"id": "external_id"})
    with pytest.raises(SourceError, match=r"a\.csv, b\.csv"):
        open_source(tmp_path, mapping=mapping)
    assert [found.data for found in read_records(tmp_path / "b.csv", mapping=mapping)] == [{"external_id": "2"}]
