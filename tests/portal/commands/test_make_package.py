"""`manage.py make_package`: the same seed makes the same bytes in every container, and the package loads."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from archive.documents.models import Communication, Variant
from tests.archive.ingest.state import files

DAYS = ("--from", "2026-01-01", "--to", "2026-06-30")


def make(out: Path, *options: str, count: int = 6) -> Path:
    """Write a package."""
    arguments = ["--communications", str(count), "--out", str(out), *DAYS, *options]
    call_command("make_package", *arguments, stdout=io.StringIO())
    return out


def digest(out: Path) -> str:
    """Return one digest of a package: of the file, or of all names and files of a folder."""
    found = hashlib.sha256()
    for path in sorted(out.rglob("*")) if out.is_dir() else [out]:
        if path.is_file():
            found.update(str(path.relative_to(out)).encode() + path.read_bytes())
    return found.hexdigest()


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a"])
@pytest.mark.parametrize("variants", ["1", "3"])
def test_the_same_seed_makes_the_same_bytes_and_another_others(tmp_path: Path, name: str, variants: str) -> None:
    (tmp_path / "again").mkdir()
    one = make(tmp_path / name, "--variants", variants, "--seed", "7")
    two = make(tmp_path / "again" / name, "--variants", variants, "--seed", "7")
    other = make(tmp_path / f"other-{name}", "--variants", variants, "--seed", "8")
    assert digest(one) == digest(two) != digest(other)


def test_making_a_package_touches_no_archive(tmp_path: Path) -> None:
    before = files()
    make(tmp_path / "a.tar")
    assert files() == before


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a"])
def test_what_was_made_loads_without_a_reject(tmp_path: Path, name: str, settings: Any) -> None:
    (tmp_path / "data").mkdir()
    settings.DATA_DIR = tmp_path / "data"
    call_command("demo", communications=0, stdout=io.StringIO())
    said = io.StringIO()
    call_command(
        "ingest", str(make(tmp_path / name, "--variants", "3")), producer="exstream-prod", json=True, stdout=said
    )
    report = json.loads(said.getvalue())
    assert (report["received"], report["archived"], report["rejected"]) == (6, 6, 0)
    assert Communication.objects.count() == 6 and Variant.objects.count() == 18
