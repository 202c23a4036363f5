"""Letters as files, and a package of letters each of which is printed on its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from portal.demo.brands import Brand
from portal.demo.emails import email_html, style_sheet
from portal.demo.letters import Letter, print_letter
from portal.demo.logos import logo_png
from portal.demo.manifest import email_name, manifest_line, print_name, resource_names
from portal.demo.package import PackageWriter, open_package

_HELD_BYTES = 64 * 1024 * 1024


def write_letters(out: Path, letters: Iterable[Letter]) -> int:
    """Print letters into a package (.tar, .zip or folder) and return how many there were.

    Shapes: the files wait in a temporary file until the manifest, which comes first and names their pages, is written.
    Errors: PackageExistsError when the folder is there already; OSError.
    """
    lines: list[bytes] = []
    files: list[tuple[str, int]] = []
    sent: set[str] = set()
    with open_package(out) as writer, tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES) as waiting:
        for letter in letters:
            pages, payloads = _files_of(letter, sent)
            lines.append(manifest_line(letter, pages=pages))
            for name, payload in payloads:
                waiting.write(payload)
                files.append((name, len(payload)))
        writer.write_manifest(lines)
        waiting.seek(0)
        for name, size in files:
            writer.add(name, waiting.read(size))
    return len(lines)


def add_resources(writer: PackageWriter, brand: Brand) -> None:
    """Write what the e-mails of a unit share."""
    for name, payload in resources_of(brand):
        writer.add(name, payload)


def resources_of(brand: Brand) -> list[tuple[str, bytes]]:
    """Return what the e-mails of a unit share, (name, bytes) each."""
    return list(zip(resource_names(brand), (logo_png(brand), style_sheet(brand)), strict=True))


def _files_of(letter: Letter, sent: set[str]) -> tuple[int, list[tuple[str, bytes]]]:
    """Return the pages of a letter and its files; the first e-mail of a unit brings what they share."""
    payload, pages = print_letter(letter)
    files = [(print_name(letter), payload)]
    if "email" in letter.channels:
        files.append((email_name(letter), email_html(letter).encode()))
        if letter.brand.unit not in sent:
            sent.add(letter.brand.unit)
            files += resources_of(letter.brand)
    return pages, files
