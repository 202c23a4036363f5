"""The page tells the viewer which large PDFs it may fetch by ranges alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.archive.documents.archives import Archive
from tests.bench.far_page import compact_pdf

LONG = compact_pdf(60, 80_000)
SHORT = compact_pdf(3, 80_000)
SCATTERED = LONG[: LONG.rindex(b"startxref")] + b"startxref\n9\n%%EOF\n"


@pytest.mark.parametrize(("content", "by_ranges"), [(LONG, True), (SHORT, False), (SCATTERED, False)])
def test_only_large_files_that_are_laid_out_for_it(
    archive: Archive, client: Any, user_of: Any, content: bytes, by_ranges: bool
) -> None:
    letter = archive.add_file("long", "long.pdf", content, "application/pdf", index={"branch": "012"})
    client.force_login(user_of("agent"))
    page = client.get(f"/communications/{letter.public_id}/").content.decode()
    start = page.index("<v-pdf-viewer")
    assert (" compact" in page[start : page.index("data-words-page", start)]) is by_ranges
