"""Read packages back in tests: the manifest's records and the files."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pypdfium2


def records_of(package: Path) -> list[dict[str, Any]]:
    with tarfile.open(package) as archive:
        first = archive.next()
        assert first is not None and first.name == "manifest.jsonl"
        return [json.loads(line) for line in archive.extractfile(first)]


def files_of(package: Path) -> dict[str, bytes]:
    with tarfile.open(package) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def text_of(pdf: bytes) -> tuple[int, str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return len(pages), "\n".join(pages)
