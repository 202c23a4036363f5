"""`manage.py export_variant`: the stored bytes, verified, as a user who may have them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.audit.ids import uuid7
from archive.documents.models import Communication
from tests.archive.documents.archives import Archive, events
from tests.archive.retrieval.test_damaged_documents import spoil

CONTENT = b"%PDF-1.7 \x00\xff exactly this"
DOWNLOADED = "variant.downloaded"


@pytest.fixture
def row(archive: Archive, user_of: Any) -> Communication:
    """Return a letter of one PDF that an agent sees."""
    user_of("agent")
    return archive.add_file("pdf", "a.pdf", CONTENT, "application/pdf", index={"branch": "012"})


def export(variant: str, target: Path, user: str = "agent") -> str:
    """Export and return what the command says."""
    out = io.StringIO()
    call_command("export_variant", variant, "--output", str(target), "--as", user, stdout=out)
    return out.getvalue()


def test_the_stored_bytes_are_written_and_the_export_is_recorded(row: Communication, tmp_path: Path) -> None:
    said = export(f"{row.public_id}-1", tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes() == CONTENT
    assert said.startswith(f"{len(CONTENT)} bytes, SHA-256 ")
    assert [(event.actor_name, event.subject_id) for event in events(DOWNLOADED)] == [("agent", str(row.public_id))]


def test_a_file_that_is_there_stays_and_nothing_is_recorded(row: Communication, tmp_path: Path) -> None:
    target = tmp_path / "out.pdf"
    target.write_bytes(b"mine")
    with pytest.raises(CommandError, match="exists already"):
        export(f"{row.public_id}-1", target)
    assert target.read_bytes() == b"mine" and events(DOWNLOADED) == []


def test_a_folder_that_is_not_there_is_said_before_anything_is_read(row: Communication, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder that can be written to"):
        export(f"{row.public_id}-1", tmp_path / "missing" / "out.pdf")
    assert events(DOWNLOADED) == []


def test_hidden_and_absent_are_told_alike(archive: Archive, row: Communication, tmp_path: Path) -> None:
    hidden = archive.add_file("hidden", "b.pdf", CONTENT, "application/pdf", index={"branch": "099"})
    said = set()
    for variant in (f"{hidden.public_id}-1", f"{uuid7()}-1", f"{row.public_id}-2", "0" * 36 + "-1"):
        with pytest.raises(CommandError) as caught:
            export(variant, tmp_path / "out.pdf")
        said.add(str(caught.value))
    assert said == {"No such record, or none that this user may see."}
    assert not (tmp_path / "out.pdf").exists() and events(DOWNLOADED) == []


def test_who_may_not_download_gets_nothing(row: Communication, user_of: Any, tmp_path: Path) -> None:
    for role in ("editor", "admin"):
        user_of(role)
        with pytest.raises(CommandError, match=f"{role} may not download"):
            export(f"{row.public_id}-1", tmp_path / "out.pdf", user=role)
    assert events(DOWNLOADED) == []


def test_what_is_no_variant_or_no_user_is_said(row: Communication, tmp_path: Path) -> None:
    for variant, user, said in (
        (str(row.public_id), "agent", "is no variant"),
        ("x", "agent", "is no variant"),
        (f"{row.public_id}-1", "nobody-here", "No user is called"),
    ):
        with pytest.raises(CommandError, match=said):
            export(variant, tmp_path / "out.pdf", user=user)


def test_a_damaged_document_leaves_no_file(row: Communication, tmp_path: Path) -> None:
    spoil(row)
    before = set(tmp_path.iterdir())
    with pytest.raises(CommandError, match="failed its check"):
        export(f"{row.public_id}-1", tmp_path / "out.pdf")
    assert set(tmp_path.iterdir()) == before and events(DOWNLOADED) == []


def test_damage_further_on_leaves_no_half_file(archive: Archive, user_of: Any, tmp_path: Path) -> None:
    user_of("agent")
    large = b"x" * (5 << 20)
    row = archive.add_file("large", "a.pdf", large, "application/pdf", index={"branch": "012"})
    spoil(row, at=(4 << 20) + 9)
    before = set(tmp_path.iterdir())
    with pytest.raises(CommandError, match="failed its check"):
        export(f"{row.public_id}-1", tmp_path / "out.pdf")
    assert set(tmp_path.iterdir()) == before
