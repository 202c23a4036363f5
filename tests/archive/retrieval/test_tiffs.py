"""A TIFF is shown page by page as pictures, drawn in a process with limits; also without JavaScript."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from archive.documents.models import Communication
from archive.retrieval.tiff_pages import count_pages
from tests.archive.documents.archives import Archive, body_of
from tests.browser.reading_cases import fax

SEEN = {"index": {"branch": "012"}}


@pytest.fixture
def get(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return a function that asks as an agent."""
    client.force_login(user_of("agent"))
    return client.get


def add(archive: Archive, content: bytes) -> Communication:
    """Add a fax."""
    return archive.add_file(f"fax-{archive.packages}", "f.tif", content, "image/tiff", **SEEN)


def test_pages_are_drawn_in_the_shape_that_paper_had(archive: Archive, get: Any) -> None:
    row = add(archive, fax(2))
    answer = get(f"/communications/{row.public_id}-1/page/2")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    with Image.open(io.BytesIO(body_of(answer))) as drawn:
        assert drawn.width == 1_400 and 1.2 < drawn.height / drawn.width < 1.4  # 1728 × 1100 at 204 × 98 dpi
    assert get(f"/communications/{row.public_id}-1/page/3").status_code == 404
    assert get(f"/communications/{row.public_id}-1/content").status_code == 404


def test_the_page_goes_from_picture_to_picture_by_links(archive: Archive, get: Any) -> None:
    row = add(archive, fax(3))
    first = get(f"/communications/{row.public_id}/").content.decode()
    assert "Page 1 of 3" in first and 'href="?page=2"' in first and 'id="page-previous"' not in first
    assert f"/communications/{row.public_id}-1/page/1" in first
    last = get(f"/communications/{row.public_id}/?page=99").content.decode()
    assert "Page 3 of 3" in last and 'href="?page=2"' in last and 'id="page-next"' not in last
    assert "Page 1 of 3" in get(f"/communications/{row.public_id}/?page=x").content.decode()


@pytest.mark.parametrize("content", [b"", b"II*\x00", b"no tiff", b"\x89PNG\r\n\x1a\n", fax(1)[:200]])
def test_a_broken_file_is_an_honest_message(archive: Archive, get: Any, content: bytes) -> None:
    row = add(archive, content)
    assert get(f"/communications/{row.public_id}/").status_code == 200
    answer = get(f"/communications/{row.public_id}-1/page/1")
    assert answer.status_code == 503 and "cannot be drawn" in answer.content.decode()


def test_pages_are_counted_as_pillow_counts_them() -> None:
    for pages in (1, 2, 7):
        assert count_pages(fax(pages)) == pages


def test_a_chain_that_leads_back_or_nowhere_ends() -> None:
    loop = b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)
    assert count_pages(loop) == 1
    assert count_pages(loop[:-4] + struct.pack("<I", 99_999)) == 1
    assert [count_pages(content) for content in (b"", b"II", b"II*\x00\x00\x00\x00\x00", b"XX*\x00aaaaaaaa")] == [0] * 4
    big = b"MM\x00+\x00\x08\x00\x00" + struct.pack(">QQQ", 16, 0, 0)
    assert count_pages(big) == 1


def test_real_files_are_counted_or_refused(real_files: Path) -> None:
    for path in (real_files / "tiff").rglob("*.tif*"):
        assert 0 <= count_pages(path.read_bytes()) < 100
