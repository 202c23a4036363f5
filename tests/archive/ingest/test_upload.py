"""Uploads: to disk as they come, whole or not at all, refused before damage, and only by those who may (F-13)."""

from __future__ import annotations

import io
import os
import shutil
import time
import tracemalloc
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from archive.batches.models import Load
from archive.documents.models import Communication, Producer
from archive.ingest import uploads, views
from archive.ingest.uploads import NoRoomError, UploadError, clear_left_behind, save_upload, shown_name
from archive.work.models import WorkItem
from archive.work.services import run_due_items
from tests.archive.ingest.packages import manifest_of, package, record, write_tar, write_zip
from tests.archive.ingest.state import everything, files

pytestmark = pytest.mark.usefixtures("configured", "_empty_incoming")
URL = "/loads/upload/"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def _empty_incoming() -> Any:
    _empty()  # other files' tests leave copies of what they uploaded
    yield
    _empty()


def _empty() -> None:
    for entry in uploads.incoming().iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@pytest.fixture
def operations(client: Client, user_of: Any) -> Client:
    """Return a client that may upload."""
    client.force_login(user_of("operations"))
    return client


def put(client: Client, body: bytes, name: str = "a.tar", **headers: str) -> Any:
    """Send a file as the page's script does."""
    told = {"X-File-Name": name, "X-Producer": "engine", **{key.replace("_", "-"): headers[key] for key in headers}}
    return client.put(URL, body, content_type="application/octet-stream", headers=told)


def arrived() -> list[str]:
    """Return the names of uploads on disk."""
    return [path.name for path in uploads.incoming().rglob("*") if path.is_file()]


def test_an_upload_becomes_a_load_that_runs_in_the_background(
    operations: Client, tmp_path: Path, recorded: Any
) -> None:
    answer = put(operations, write_tar(tmp_path / "a.tar", package(3)).read_bytes())
    load = Load.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"url": f"/loads/{load.public_id}/", "load": f"L-{load.pk}"}
    assert (load.state, load.requested_by, load.source_name) == ("queued", "operations", "a.tar")
    assert not Communication.objects.exists() and arrived() == ["a.tar"]
    assert run_due_items() == 2  # the load, and its words
    load.refresh_from_db()
    assert (load.state, load.archived) == ("complete", 3)
    verbs = [event for event in recorded(load) if event[0] != "load.part"]
    assert verbs == [(f"load.{step}", "operations") for step in ("created", "started", "completed")]
    assert arrived() == []  # our copy goes once all of it is archived


def test_the_copy_of_a_load_that_is_not_complete_stays_for_resuming(operations: Client) -> None:
    members = {"manifest.jsonl": manifest_of(record(1))}
    buffer = Path(settings.DATA_DIR) / "x.tar"
    put(operations, write_tar(buffer, members).read_bytes())
    buffer.unlink()
    run_due_items()
    assert Load.objects.get().state == "incomplete" and arrived() == ["a.tar"]
    assert clear_left_behind(older_than_seconds=-1) == 0


def test_a_form_without_scripts_uploads_too(operations: Client, tmp_path: Path) -> None:
    content = write_tar(tmp_path / "a.tar", package(2)).read_bytes()
    answer = operations.post(URL, {"producer": "engine", "file": SimpleUploadedFile("a.tar", content)})
    load = Load.objects.get()
    assert answer.status_code == 302 and answer.headers["Location"] == f"/loads/{load.public_id}/"
    run_due_items()
    assert Communication.objects.count() == 2 and arrived() == []


def test_a_form_without_a_file_or_with_an_unknown_producer_says_so(operations: Client) -> None:
    before = everything()
    assert b"Choose a file first." in operations.post(URL, {"producer": "engine"}).content
    answer = operations.post(URL, {"producer": "newcomer", "file": SimpleUploadedFile("a.tar", b"x")})
    assert answer.status_code == 422 and "No producer is called &quot;newcomer&quot;" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({"X_Producer": "newcomer"}, "No producer is called"), ({"X_Mapping": "other"}, "No mapping is called")],
)
def test_what_is_unknown_is_refused_before_a_byte_is_taken(
    operations: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], reason: str
) -> None:
    monkeypatch.setattr(uploads, "_read", None)
    before = everything()
    answer = put(operations, b"x" * 100, **headers)
    assert answer.status_code == 422 and reason in answer.json()["error"]
    assert everything() == before and not Producer.objects.filter(key="newcomer").exists()


def test_an_upload_that_breaks_off_is_refused_and_discarded(operations: Client, tmp_path: Path) -> None:
    content = write_tar(tmp_path / "a.tar", package(3)).read_bytes()
    before = everything()
    broken_off = {"wsgi.input": io.BytesIO(content[:-100]), "CONTENT_LENGTH": str(len(content))}
    answer = operations.generic("PUT", URL, content, HTTP_X_PRODUCER="engine", **broken_off)
    assert answer.status_code == 422
    assert f"Only {len(content) - 100} of {len(content)} bytes arrived" in answer.json()["error"]
    assert everything() == before


def test_a_connection_that_breaks_is_no_error_of_the_disk() -> None:
    pieces = iter([b"first"])

    def read(_size: int) -> bytes:
        try:
            return next(pieces)
        except StopIteration:
            raise OSError("connection reset") from None

    with pytest.raises(UploadError, match="Only 5 of 100 bytes arrived") as caught:
        save_upload(read, name="a.tar", size_bytes=100)
    assert not isinstance(caught.value, NoRoomError) and arrived() == []


@pytest.mark.parametrize(
    "told",
    [
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"},
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": "-5"},
        {"CONTENT_LENGTH": "\u00b2"},
        {"CONTENT_LENGTH": "5 5"},
        {"CONTENT_LENGTH": "9" * 30},
    ],
)
def test_a_body_whose_size_is_not_told_is_answered_with_411(user_of: Any, told: dict[str, str]) -> None:
    before = files()
    request = RequestFactory().generic("PUT", URL, b"12345", **{"CONTENT_LENGTH": "", **told})
    request.user = user_of("operations")
    answer = views.upload(request)
    assert answer.status_code == 411 and files() == before and not Load.objects.exists()


def test_bytes_beyond_the_told_size_are_not_taken(operations: Client, tmp_path: Path) -> None:
    path = save_upload(io.BytesIO(b"12345678").read, name="a.tar", size_bytes=5)
    assert path.read_bytes() == b"12345"


def test_too_large_for_the_disk_is_answered_with_503_before_a_byte_is_taken(
    operations: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _path: Usage(10**9, 0, uploads.FREE_BYTES + 1999))
    monkeypatch.setattr(uploads, "_read", None)
    before = everything()
    answer = put(operations, b"x" * 1000)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "600"
    assert "not enough room" in answer.json()["error"]
    assert everything() == before
    monkeypatch.undo()
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _path: Usage(10**9, 0, uploads.FREE_BYTES + 2000))
    assert put(operations, b"x" * 1000).status_code == 201


def test_a_form_that_is_too_large_is_answered_with_503_and_its_file_is_not_read(
    operations: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _path: Usage(10**9, 0, uploads.FREE_BYTES))
    monkeypatch.setattr(uploads.GuardedUploadHandler, "receive_data_chunk", None)
    before = everything()
    answer = operations.post(URL, {"producer": "engine", "file": SimpleUploadedFile("a.tar", b"x" * 1000)})
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "600"
    assert b"not enough room" in answer.content and everything() == before


def test_a_disk_that_fills_up_meanwhile_is_answered_with_503_and_nothing_is_left(
    operations: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads.os, "fsync", full)
    before = everything()
    answer = put(operations, b"x" * 1000)
    assert answer.status_code == 503 and "No space left on device" in answer.json()["error"]
    assert everything() == before


def test_a_real_disk_that_is_full_is_said_and_nothing_is_left(
    operations: Client, small_disk: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA_DIR = small_disk
    monkeypatch.setattr(uploads, "FREE_BYTES", -(10**9))  # as if others had taken the room after we looked
    answer = put(operations, b"x" * (5 * 1024 * 1024))
    assert answer.status_code == 503 and "No space left on device" in answer.json()["error"]
    assert [path for path in small_disk.rglob("*") if path.is_file()] == [] and not Load.objects.exists()


def test_memory_stays_flat_however_large_the_upload_is() -> None:
    left = 64 * 1024 * 1024

    def read(size: int) -> bytes:
        nonlocal left
        left -= size
        return bytes(size)

    tracemalloc.start()
    save_upload(read, name="a.tar", size_bytes=left)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left == 0 and peak < 4 * 1024 * 1024


@pytest.mark.parametrize("role", ["agent", "auditor", "admin"])
@pytest.mark.parametrize("method", ["get", "put", "post"])
def test_without_the_right_nothing_is_taken(client: Client, user_of: Any, role: str, method: str) -> None:
    client.force_login(user_of(role))
    before = files()
    if method == "post":
        answer = client.post(URL, {"producer": "engine", "file": SimpleUploadedFile("a.tar", b"x")})
    else:
        answer = getattr(client, method)(URL)
    assert answer.status_code == 403 and files() == before and not Load.objects.exists()


def test_a_stranger_is_sent_to_sign_in_and_nothing_is_taken(client: Client) -> None:
    before = files()
    assert put(client, b"x").status_code == 302 and files() == before


@pytest.mark.parametrize("url", ["/accounts/login/", "/search/", "/preferences/", "/nowhere/"])
def test_no_other_page_takes_a_file(operations: Client, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(uploads.GuardedUploadHandler, "receive_data_chunk", None)
    before = files()
    operations.post(url, {"file": SimpleUploadedFile("a.tar", b"x" * 100_000)})
    assert files() == before


@pytest.mark.parametrize("method", ["put", "post"])
def test_a_request_from_another_site_is_refused(user_of: Any, method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_of("operations"))
    before = files()
    if method == "put":
        answer = put(client, b"x")
    else:
        answer = client.post(URL, {"producer": "engine", "file": SimpleUploadedFile("a.tar", b"x")})
    assert answer.status_code == 403 and files() == before and not Load.objects.exists()


def test_the_pages_token_lets_a_script_upload(user_of: Any, tmp_path: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_of("operations"))
    token = client.get(URL).context["csrf_token"]
    content = write_tar(tmp_path / "a.tar", package(1)).read_bytes()
    assert put(client, content, X_CSRFToken=str(token)).status_code == 201


HOSTILE = {
    "..%2F..%2Fetc%2Fpasswd": ("passwd", "passwd"),
    "%2Fetc%2Fpasswd": ("passwd", "passwd"),
    "C%3A%5CUsers%5Cx%5Ca.tar": ("a.tar", "a.tar"),
    "..": ("upload", ".."),
    "%2E%2E%2F": ("upload", "upload"),
    "": ("upload", "upload"),
    ".htaccess": ("htaccess", ".htaccess"),
    "a%00b.tar": ("a_b.tar", "ab.tar"),
    "a%0D%0AX-Evil%3A%201.tar": ("a_X-Evil_ 1.tar", "aX-Evil: 1.tar"),
    "%E2%80%AEgpj.tar": ("_gpj.tar", "gpj.tar"),
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E.tar": ("script_.tar", "script>.tar"),
    "%ff%fe.tar": ("_.tar", "\ufffd\ufffd.tar"),
    "%F0%9F%98%80.tar": ("_.tar", "\U0001f600.tar"),
    "%C3%BC" * 200 + ".tar": ("ü" * 65 + ".tar", "ü" * 200 + ".tar"),
    "a." + "b" * 300: ("a." + "b" * 19, ("a." + "b" * 300)[:300]),
}


@pytest.mark.parametrize("sent", HOSTILE)
def test_a_hostile_file_name_stays_a_name(operations: Client, sent: str) -> None:
    on_disk, shown = HOSTILE[sent]
    answer = put(operations, b"no package", name=sent)
    assert answer.status_code == 201
    load = Load.objects.get()
    assert arrived() == [on_disk] and load.source_name == shown
    assert Path(load.source_path).parent.parent == uploads.incoming()
    page = operations.get(answer.json()["url"])
    assert page.status_code == 200 and b"<script>alert" not in page.content


def test_names_are_shown_without_folders_and_invisible_characters() -> None:
    assert shown_name("C:\\x\\Kontoauszüge \u202e\u200b\x07 2026.zip") == "Kontoauszüge  2026.zip"


def test_a_zipped_folder_of_real_pdfs_with_a_csv_loads_by_its_mapping(
    operations: Client, real_files: Path, tmp_path: Path
) -> None:
    chosen = sorted(path for path in real_files.rglob("*.pdf") if 1000 < path.stat().st_size < 200_000)[:12]
    assert len(chosen) == 12
    lines = ["Nummer;Kunde;Konto;Name;Datum;Datei;Saldo"]
    lines += [f"P-{n};C-{n};77;Eva Müller;0{1 + n % 9}.10.2026;pdf/{n}.pdf;{n},50" for n in range(12)]
    members = {f"pdf/{n}.pdf": path.read_bytes() for n, path in enumerate(chosen)}
    members["liste.csv"] = "\r\n".join([*lines, "P-13;;;;31.02.2026;pdf/0.pdf;1"]).encode("cp1252")
    content = write_zip(tmp_path / "a.zip", members).read_bytes()
    assert put(operations, content, name="Briefe%20Oktober.zip", X_Mapping="german-csv").status_code == 201
    run_due_items()
    load = Load.objects.get()
    assert (load.state, load.archived, load.rejected) == ("incomplete", 12, 1)
    page = operations.get(f"/loads/{load.public_id}/").content.decode()
    assert "Briefe Oktober.zip" in page and "31.02.2026" in page


def test_uploads_that_nobody_needs_any_more_are_removed_after_a_day(operations: Client) -> None:
    put(operations, b"no package", name="needed.tar")
    for name in ("old", "new"):
        (uploads.incoming() / name).mkdir()
        (uploads.incoming() / name / f"{name}.tar").write_bytes(b"x")
    (uploads.incoming() / "form.upload").write_bytes(b"x")
    a_day_ago = time.time() - 25 * 3600
    for path in [path for path in uploads.incoming().rglob("*") if "new" not in str(path)]:
        os.utime(path, (a_day_ago, a_day_ago))
    assert clear_left_behind() == 2
    assert sorted(arrived()) == ["needed.tar", "new.tar"]


def test_the_page_tells_producers_and_mappings_and_needs_the_right(operations: Client) -> None:
    page = operations.get(URL).content.decode()
    assert 'value="engine"' in page and 'value="german-csv"' in page and 'type="file"' in page
    assert WorkItem.objects.count() == 0
