"""A stored document that is not what was archived is never shown, not even its beginning as if it were all (F-10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from archive.documents.models import Communication
from archive.retrieval.limited import CannotShowError
from archive.retrieval.opened import told_of
from archive.retrieval.services import read_range
from archive.storage.contract import ObjectMissingError
from archive.storage.models import Incident, Location
from archive.storage.pack import CHECKED_BLOCK_BYTES
from archive.storage.reading import DamagedObjectError
from tests.archive.documents.archives import Archive, body_of, events, variant_of

LARGE = bytes(range(256)) * (5 * CHECKED_BLOCK_BYTES // 256)
READS = ("variant.downloaded",)


def path_of(row: Communication) -> Path:
    """Return the file in which a letter's first variant lies."""
    location = Location.objects.get(stored_object_id=variant_of(row).stored_object_id)
    return Path(settings.STORAGES["local"]["OPTIONS"]["location"]) / location.key


def spoil(row: Communication, at: int = 0) -> None:
    """Change one byte of a letter's first variant in the store."""
    path, offset = path_of(row), variant_of(row).offset + at
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def add(archive: Archive, content: bytes = b"%PDF secret", content_type: str = "application/pdf") -> Communication:
    """Add a letter of one file."""
    name = {"application/pdf": "a.pdf", "text/html": "a.html", "text/plain": "a.txt"}[content_type]
    return archive.add_file(name, name, content, content_type, index={"branch": "012"})


@pytest.mark.parametrize("content_type", ["application/pdf", "text/html"])
def test_a_damaged_document_is_an_honest_message_and_an_incident(
    archive: Archive, agent: Any, client: Any, content_type: str
) -> None:
    row = add(archive, content_type=content_type)
    spoil(row)
    for path in ("content", "download"):
        answer = client.get(f"/communications/{row.public_id}-1/{path}")
        assert (answer.status_code, answer.streaming) == (503, False)
        text = answer.content.decode()
        assert "failed its check and is not shown" in text and "secret" not in text
    (incident,) = Incident.objects.all()
    assert f"Incident {incident}" in text
    assert [event.outcome for event in events("object.damaged")] == ["failed"] and events(*READS) == []


def test_the_message_can_be_seen_in_the_frame_of_the_page(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, content_type="text/html")
    spoil(row)
    answer = client.get(f"/communications/{row.public_id}-1/content")
    assert "frame-ancestors 'self';" in answer["Content-Security-Policy"] + ";"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_a_damaged_text_is_said_on_the_page_itself(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, content_type="text/plain")
    spoil(row)
    answer = client.get(f"/communications/{row.public_id}/")
    text = answer.content.decode()
    assert answer.status_code == 200 and "failed its check and is not shown" in text and "secret" not in text


def test_a_damaged_resource_is_not_left_out_quietly(archive: Archive, agent: Any, client: Any) -> None:
    resources = {"logo.png": b"\x89PNG logo"}
    row = archive.add_file(
        "html", "a.html", b'<p>secret<img src="logo.png">', "text/html", resources=resources, index={"branch": "012"}
    )
    for location in Location.objects.exclude(stored_object_id=variant_of(row).stored_object_id):
        path = Path(settings.STORAGES["local"]["OPTIONS"]["location"]) / location.key
        path.chmod(0o600)
        path.write_bytes(b"another!!!")
    answer = client.get(f"/communications/{row.public_id}-1/content")
    assert answer.status_code == 503 and b"secret" not in answer.content


def test_damage_further_on_breaks_the_answer_off(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, LARGE)
    spoil(row, at=3 * CHECKED_BLOCK_BYTES + 5)
    for path in ("content", "download"):
        answer = client.get(f"/communications/{row.public_id}-1/{path}")
        assert int(answer["Content-Length"]) == len(LARGE)
        sent = b""
        with pytest.raises(DamagedObjectError):
            for chunk in answer.streaming_content:
                sent += chunk
        assert sent == LARGE[: 3 * CHECKED_BLOCK_BYTES]


def test_ranges_beside_the_damage_are_still_read_and_those_in_it_are_not(
    archive: Archive, agent: Any, client: Any
) -> None:
    row = add(archive, LARGE)
    spoil(row, at=3 * CHECKED_BLOCK_BYTES + 5)
    url = f"/communications/{row.public_id}-1/content"
    good = client.get(url, headers={"Range": "bytes=0-99"})
    assert (good.status_code, body_of(good)) == (206, LARGE[:100])
    start = 3 * CHECKED_BLOCK_BYTES + 100
    bad = client.get(url, headers={"Range": f"bytes={start}-{start + 9}"})
    assert (bad.status_code, bad.streaming) == (503, False)
    assert not bad.has_header("Content-Range")


def test_a_range_reads_only_the_blocks_that_it_touches(archive: Archive) -> None:
    row = add(archive, LARGE)
    for block in (0, 1, 4):
        spoil(row, at=block * CHECKED_BLOCK_BYTES)
    start = 2 * CHECKED_BLOCK_BYTES + 7
    end = 4 * CHECKED_BLOCK_BYTES
    assert b"".join(read_range(variant_of(row), start, end)) == LARGE[start:end]


def test_a_document_whose_pack_is_gone_is_unavailable(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive)
    path_of(row).unlink()
    for path in ("content", "download", "page/1"):
        answer = client.get(f"/communications/{row.public_id}-1/{path}")
        text = answer.content.decode()
        assert answer.status_code == 503 and "is not shown" in text and path_of(row).name not in text


def test_what_only_the_store_knows_is_not_told_to_readers() -> None:
    told = told_of(ObjectMissingError("packs/3f/secret-key is not there"))
    assert told == "The document cannot be read now. Try again in a moment."
    assert told_of(CannotShowError("It is broken.")) == "It is broken."


def test_a_pack_that_was_cut_off_is_unavailable(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive)
    path = path_of(row)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[: variant_of(row).offset + 4])
    assert client.get(f"/communications/{row.public_id}-1/content").status_code == 503
