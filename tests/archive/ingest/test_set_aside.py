"""What was set aside is downloaded, mended and submitted again, and becomes part of the record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from archive.batches.models import Load, Reject
from archive.documents.models import Communication
from archive.ingest import uploads
from archive.work.services import run_due_items
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar, write_zip
from tests.archive.ingest.state import everything

pytestmark = pytest.mark.usefixtures("configured", "_empty_incoming")
HEADER = "Nummer;Kunde;Konto;Name;Datum;Datei;Saldo"


@pytest.fixture
def _empty_incoming() -> Any:
    yield
    for entry in uploads.incoming().iterdir():
        shutil.rmtree(entry)


@pytest.fixture
def operations(client: Client, user_of: Any) -> Client:
    """Return a client that may run loads."""
    client.force_login(user_of("operations"))
    return client


def put(client: Client, body: bytes, name: str, query: str = "", mapping: str = "") -> Load:
    """Upload a file and run its load."""
    told = {"X-File-Name": name, "X-Producer": "engine", "X-Mapping": mapping}
    answer = client.put(f"/loads/upload/{query}", body, content_type="application/octet-stream", headers=told)
    assert answer.status_code == 201, answer.content
    run_due_items()
    return Load.objects.order_by("-pk")[0]


def set_aside(client: Client, load: Load) -> tuple[str, bytes]:
    """Download what was set aside; return the file's name and content."""
    answer = client.get(f"/loads/{load.public_id}/rejects")
    assert answer.status_code == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"
    name = answer.headers["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')
    return name, b"".join(answer.streaming_content)


def arrived() -> list[str]:
    """Return the names of uploads on disk."""
    return sorted(path.name for path in uploads.incoming().rglob("*") if path.is_file())


def faulty() -> dict[str, bytes]:
    """Return a package of four with two faults, one of them a line that is no JSON."""
    lines = manifest_of(record(1), record(2, issued_on="2026-02-31"), record(3)) + b'{"external_id": "JOB7-000004", \n'
    return {**package(4), "manifest.jsonl": lines}


def test_mended_records_of_an_upload_find_their_files_and_the_loads_name_each_other(
    operations: Client, tmp_path: Path, recorded: Any
) -> None:
    first = put(operations, write_tar(tmp_path / "a.tar", faulty()).read_bytes(), "a.tar")
    assert (first.state, first.archived, first.rejected) == ("incomplete", 2, 2)
    name, content = set_aside(operations, first)
    assert name == f"L-{first.pk}-set-aside.jsonl"
    assert content.splitlines() == faulty()["manifest.jsonl"].splitlines()[1::2]
    assert recorded(first)[-1] == ("rejects.downloaded", "operations")
    page = operations.get(f"/loads/{first.public_id}/").content.decode()
    assert f"/loads/upload/?resubmits={first.public_id}" in page
    form = operations.get(f"/loads/upload/?resubmits={first.public_id}").content.decode()
    assert f"load L-{first.pk}" in form and f'url="/loads/upload/?resubmits={first.public_id}"' in form
    mended = content.splitlines()[0].replace(b"2026-02-31", b"2026-02-28") + b"\n" + manifest_of(record(4))
    again = put(operations, mended, name, f"?resubmits={first.public_id}")
    assert (again.state, again.archived, again.rejected, again.resubmits) == ("complete", 2, 0, first)
    assert Communication.objects.count() == 4
    page = operations.get(f"/loads/{first.public_id}/").content.decode()
    assert f"L-{again.pk}</a>: 2 archived, 0 set aside." in page
    assert f"/loads/{first.public_id}/" in operations.get(f"/loads/{again.public_id}/").content.decode()
    assert arrived() == []  # both copies go once nothing is left to mend


def test_what_is_still_wrong_is_set_aside_again_and_can_be_mended_from_there(
    operations: Client, tmp_path: Path
) -> None:
    first = put(operations, write_tar(tmp_path / "a.tar", faulty()).read_bytes(), "a.tar")
    half = manifest_of(record(2), record(4, issued_on="tomorrow"))
    second = put(operations, half, "mended.jsonl", f"?resubmits={first.public_id}")
    assert (second.state, second.archived, second.rejected) == ("incomplete", 1, 1)
    assert arrived() == ["a.tar", "mended.jsonl"]
    third = put(operations, manifest_of(record(4)), "mended.jsonl", f"?resubmits={second.public_id}")
    assert (third.state, third.archived) == ("complete", 1)
    assert Communication.objects.count() == 4


def test_lines_that_were_archived_meanwhile_make_no_duplicate(operations: Client, tmp_path: Path) -> None:
    first = put(operations, write_tar(tmp_path / "a.tar", faulty()).read_bytes(), "a.tar")
    mended = manifest_of(record(2), record(4))
    put(operations, mended, "m.jsonl", f"?resubmits={first.public_id}")
    package_again = write_tar(tmp_path / "b.tar", package(4)).read_bytes()
    again = put(operations, package_again, "b.tar", f"?resubmits={first.public_id}")
    assert (again.duplicates, again.archived) == (4, 0)


def test_rows_of_somebody_elses_csv_come_with_their_header_and_go_in_by_the_same_mapping(
    operations: Client, tmp_path: Path
) -> None:
    lines = [HEADER, "A-1;C-1;1;Eva Müller;31.10.2026;1.pdf;1,5", 'A-2;C-2;2;"Müller; Otto";31.02.2026;2.pdf;2,5']
    members = {"liste.csv": "\r\n".join(lines).encode("cp1252"), "1.pdf": b"%PDF 1", "2.pdf": b"%PDF 2"}
    first = put(operations, write_zip(tmp_path / "a.zip", members).read_bytes(), "a.zip", mapping="german-csv")
    assert (first.archived, first.rejected) == (1, 1)
    name, content = set_aside(operations, first)
    assert name.endswith(".csv") and content.decode("cp1252").splitlines() == [HEADER, lines[2]]
    again = put(operations, content.replace(b"31.02.", b"28.02."), name, f"?resubmits={first.public_id}")
    assert (again.state, again.archived, again.mapping_key) == ("complete", 1, "german-csv")
    assert Communication.objects.filter(external_id="A-2").exists()


def test_rows_of_our_own_csv_come_with_their_header_too(operations: Client, tmp_path: Path) -> None:
    header = "external_id,business_unit,document_class,issued_on,variants.0.channel,variants.0.file"
    rows = ["A-1,retail,statement,2026-10-31,print,1.pdf", "A-2,retail,statement,2026-02-31,print,2.pdf"]
    members = {"manifest.csv": "\n".join([header, *rows]).encode(), "1.pdf": b"%PDF 1", "2.pdf": b"%PDF 2"}
    first = put(operations, write_tar(tmp_path / "a.tar", members).read_bytes(), "a.tar")
    name, content = set_aside(operations, first)
    assert name.endswith(".csv") and content.decode().splitlines() == [header, rows[1]]
    again = put(operations, content.replace(b"02-31", b"02-28"), name, f"?resubmits={first.public_id}")
    assert (again.state, again.archived) == ("complete", 1)


def test_a_file_sent_along_goes_before_the_one_that_came_first(operations: Client, tmp_path: Path) -> None:
    members = {**package(2), "print/2.pdf": b""}
    members["manifest.jsonl"] = manifest_of(record(1), record(2, issued_on="x"))
    first = put(operations, write_tar(tmp_path / "a.tar", members).read_bytes(), "a.tar")
    mended = {"manifest.jsonl": manifest_of(record(2)), "print/2.pdf": b"%PDF whole"}
    again = put(
        operations, write_tar(tmp_path / "b.tar", mended).read_bytes(), "b.tar", f"?resubmits={first.public_id}"
    )
    assert again.archived == 1 and again.bytes_stored == len(b"%PDF whole")


def test_when_the_first_package_is_gone_the_reject_says_to_send_the_files_along(
    operations: Client, tmp_path: Path
) -> None:
    path = write_tar(tmp_path / "a.tar", faulty())
    first = load_package(path)
    path.unlink()
    again = put(operations, manifest_of(record(2)), "m.jsonl", f"?resubmits={first.public_id}")
    reject = Reject.objects.get(load=again)
    assert reject.code == "missing_file" and reject.reason.endswith("Send them along.")


@pytest.mark.parametrize("told", ["x", "00000000-0000-7000-8000-000000000000"])
def test_a_load_that_is_none_cannot_be_resubmitted(operations: Client, told: str) -> None:
    before = everything()
    answer = operations.put(f"/loads/upload/?resubmits={told}", b"x", content_type="application/octet-stream")
    assert answer.status_code == 404 and everything() == before


def test_by_command_mended_lines_go_beside_their_files_or_name_their_load(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", faulty())
    first = load_package(folder)
    (folder / "mended.jsonl").write_bytes(manifest_of(record(2)))
    call_command("ingest", str(folder / "mended.jsonl"), producer="engine", json=True)
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_bytes(manifest_of(record(4)))
    call_command("ingest", str(elsewhere), producer="engine", json=True, resubmits=f"L-{first.pk}")
    assert Communication.objects.count() == 4
    assert Load.objects.order_by("-pk")[0].resubmits == first
    for told in ("L-999", "x", "²"):
        with pytest.raises(CommandError, match="There is no load"):
            call_command("ingest", str(elsewhere), producer="engine", resubmits=told)


def test_who_may_only_see_loads_downloads_nothing(client: Client, user_of: Any, tmp_path: Path) -> None:
    first = load_package(write_tar(tmp_path / "a.tar", faulty()))
    client.force_login(user_of("auditor"))
    assert client.get(f"/loads/{first.public_id}/rejects").status_code == 403
    page = client.get(f"/loads/{first.public_id}/").content.decode()
    assert "2026-02-31" in page and 'id="resubmit"' not in page and "/rejects" not in page


def test_a_load_without_faults_has_an_empty_file(operations: Client, tmp_path: Path) -> None:
    name, content = set_aside(operations, load_package(write_tar(tmp_path / "a.tar", package(1))))
    assert (name[-6:], content) == (".jsonl", b"")


def test_a_line_that_was_too_long_is_told_with_its_number(operations: Client, tmp_path: Path) -> None:
    long = json.dumps(record(1, subject="x" * 1_100_000)).encode() + b"\n"
    load = load_package(write_tar(tmp_path / "a.tar", {**package(2), "manifest.jsonl": long + manifest_of(record(2))}))
    assert (load.archived, load.rejected) == (1, 1)
    _name, content = set_aside(operations, load)
    assert content == long[: 1024 * 1024] + b"\n"
