"""Files of a package that cannot be used set aside the records that name them, and no other."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archive.batches.models import Load, Reject
from archive.ingest import content
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar, write_zip

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]


def email(number: int, *resources: str, **changes: Any) -> dict[str, Any]:
    variant = {"channel": "email", "file": f"email/{number}.html", "resources": list(resources), **changes}
    return record(number, variants=[variant])


def rejects(load: Load) -> list[tuple[int, str, str]]:
    return list(Reject.objects.filter(load=load).order_by("line").values_list("line", "field", "code"))


def damage(path: Path, content: bytes) -> Path:
    """Change one byte of a stored member wherever it stands."""
    raw = path.read_bytes()
    assert content in raw
    path.write_bytes(raw.replace(content, content[:-1] + b"?"))
    return path


def test_a_damaged_resource_sets_aside_its_records_only(tmp_path: Path):
    members = {
        "manifest.jsonl": manifest_of(email(1, "logo.png"), email(2), email(3, "logo.png"), email(4, "good.png")),
        "logo.png": b"a picture of a logo",
        "good.png": b"another one",
        **{f"email/{number}.html": b"<p>%d" % number for number in range(1, 5)},
    }
    path = damage(write_zip(tmp_path / "a.zip", members, method=zipfile.ZIP_STORED), b"a picture of a logo")
    load = load_package(path)
    assert (load.archived, load.rejected, load.state) == (2, 2, Load.State.INCOMPLETE)
    assert rejects(load) == [(1, "variants.0.resources", "damaged"), (3, "variants.0.resources", "damaged")]


def test_a_resource_too_large_to_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(content, "LARGEST_RESOURCE_BYTES", 10)
    members = {"manifest.jsonl": manifest_of(email(1, "logo.png")), "logo.png": bytes(11), "email/1.html": b"<p>"}
    assert rejects(load_package(write_tar(tmp_path / "a.tar", members))) == [(1, "variants.0.resources", "too_large")]


def test_a_document_larger_than_a_pack_can_name_is_refused_before_it_is_read(tmp_path: Path):
    folder = write_folder(tmp_path / "folder", {"manifest.jsonl": manifest_of(record(1)), "print/1.pdf": b""})
    os.truncate(folder / "print" / "1.pdf", 8 * 1024**3)  # a hole: no disk is used
    assert rejects(load_package(folder)) == [(1, "variants.0.file", "too_large")]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"file": "print/9.pdf"}, "file", "missing_file"),
        ({"offset": 18}, "file", "outside_file"),
        ({"offset": 10, "length": 8}, "file", "outside_file"),
        ({"length": 2**63 - 1}, "file", "outside_file"),
        ({"sha256": "0" * 64}, "sha256", "wrong_sha256"),
    ],
)
def test_what_the_manifest_says_about_a_file_must_be_true(
    tmp_path: Path, changes: dict[str, Any], field: str, code: str
):
    members = package(2)
    wrong = record(1, variants=[{"channel": "print", "file": "print/1.pdf", **changes}])
    members["manifest.jsonl"] = manifest_of(wrong, record(2))
    load = load_package(write_tar(tmp_path / "a.tar", members))
    assert (load.archived, load.rejected) == (1, 1)
    assert rejects(load) == [(1, f"variants.0.{field}", code)]


def test_a_part_of_a_file_is_a_document_with_a_digest_of_its_own(tmp_path: Path):
    part = {"channel": "print", "file": "print/1.pdf", "offset": 9, "length": 6}
    part["sha256"] = hashlib.sha256(b"letter").hexdigest()
    members = {**package(1), "manifest.jsonl": manifest_of(record(1, variants=[part]))}
    assert load_package(write_tar(tmp_path / "a.tar", members)).archived == 1


def test_a_truncated_archive_loads_what_is_whole_and_is_marked(tmp_path: Path):
    path = write_tar(tmp_path / "a.tar", package(3))
    path.write_bytes(path.read_bytes()[: 4 * 1024 - 512 + 5])  # within print/3.pdf, or just before
    load = load_package(path)
    assert (load.archived, load.rejected, load.state) == (2, 1, Load.State.INCOMPLETE)
    assert rejects(load) == [(3, "variants.0.file", "truncated")]
    assert "cut off" in load.message


def test_links_and_devices_set_aside_the_records_that_name_them(tmp_path: Path):
    path = write_tar(tmp_path / "a.tar", {**package(1), "manifest.jsonl": manifest_of(*map(record, range(1, 4)))})
    with tarfile.open(path, "a") as archive:
        for number, kind in ((2, tarfile.SYMTYPE), (3, tarfile.CHRTYPE)):
            info = tarfile.TarInfo(f"print/{number}.pdf")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    load = load_package(path)
    assert (load.archived, load.rejected) == (1, 2)
    assert {code for _, _, code in rejects(load)} == {"not_a_file"}


def test_a_bomb_sets_aside_its_record_only(tmp_path: Path):
    members = {**package(2), "print/1.pdf": bytes(20_000_000)}
    load = load_package(write_zip(tmp_path / "a.zip", members))
    assert (load.archived, load.rejected) == (1, 1)
    assert rejects(load) == [(1, "variants.0.file", "bomb")]


@pytest.mark.parametrize("value", ["1e999999999", "1e-999999999", "NaN", "9" * 1900])
def test_no_number_ends_a_load(tmp_path: Path, value: str):
    members = {**package(2), "manifest.jsonl": manifest_of(record(1, index={"balance": value}), record(2))}
    load = load_package(write_tar(tmp_path / "a.tar", members))
    assert (load.archived, load.rejected) == (1, 1)


def test_a_package_whose_manifest_is_damaged_fails_with_its_reason(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", package(2), method=zipfile.ZIP_STORED)
    load = load_package(damage(path, b"JOB7-000002"))
    assert (load.state, load.archived) == (Load.State.FAILED, 0)
    assert "manifest.jsonl is damaged" in load.message


def test_big_and_odd_unknown_fields_are_kept(tmp_path: Path):
    odd = {"huge": 2**70, "fraction": 1.5, "Schlüssel": {"😀": [None, True]}}
    members = {**package(1), "manifest.jsonl": manifest_of(record(1, **odd, parties=[{"name": "Eva", "nr": 2**64}]))}
    load = load_package(write_tar(tmp_path / "a.tar", members))
    assert (load.archived, load.rejected) == (1, 0)
