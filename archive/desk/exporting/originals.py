"""Originals in a ZIP: every byte verified while it is written, and what could not be read named, not left out silently.

Shapes: a document is stored as `V-12-340-print.pdf`, what it refers to beside it in `V-12-340-email_files/`; then come
`list.csv`, `notes.csv` for who may read notes, `sha256sums.txt` (checked by `sha256sum -c`), and `missing.txt` where
something is missing.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.desk.exporting.lists import write_csv
from archive.desk.exporting.table import Cell, ExportTable
from archive.documents.locators import locator_of
from archive.documents.models import Communication, Variant
from archive.documents.selectors import list_notes, list_resources
from archive.retrieval.filenames import download_name
from archive.storage.contract import StoreError
from archive.storage.models import StoredObject
from archive.storage.reading import Locator, stream

_LARGE_BYTES = 1 << 31
_EARLIEST = (1980, 1, 1, 0, 0, 0)
Tell = Callable[[int], None]
"""Called with how many communications were written more; may raise to end the work."""


@dataclass(slots=True)
class Written:
    """What stands in a ZIP so far."""

    documents: int = 0
    sums: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[list[Cell]] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def write_zip(path: Path, batches: Iterable[Sequence[int]], *, user: Any, actor: Actor, tell: Tell) -> Written:
    """Write the originals of some communications; each is recorded as downloaded before its bytes are read.

    Errors: OSError of the disk; whatever `tell` raises.
    """
    table = ExportTable(user)
    written = Written()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for keys in batches:
            rows = Communication.objects.in_bulk(keys)
            variants = list(Variant.objects.filter(order_key__in=keys).order_by("-order_key", "number"))
            _record(variants, rows, actor)
            written.rows += table.rows(keys)
            for variant in variants:
                _add(archive, rows[variant.order_key], variant, written)
            for key in keys:
                if key in rows:
                    written.notes += _notes(rows[key], user)
            tell(len(keys))
        _add_lists(archive, table, written)
    return written


def _record(variants: Sequence[Variant], rows: dict[int, Communication], actor: Actor) -> None:
    events = [
        audit.prepare(
            actor=actor,
            verb=Verb.VARIANT_DOWNLOADED,
            subject=rows[variant.order_key],
            part=str(variant.number),
            channel=variant.channel,
            sha256=bytes(variant.sha256).hex(),
            bytes=variant.size_bytes,
        )
        for variant in variants
    ]
    with transaction.atomic():
        audit.record_all(events)


def _add(archive: zipfile.ZipFile, row: Communication, variant: Variant, written: Written) -> None:
    name = _free_name(
        download_name(
            record_number=row.record_number,
            channel=variant.channel,
            content_type=variant.content_type,
            file_name=variant.file_name,
        ),
        variant.number,
        written,
    )
    locator = locator_of(variant)
    if not _copy(archive, name, locator, written):
        return
    written.documents += 1
    folder = f"{posixpath.splitext(name)[0]}_files"
    for resource in list_resources(variant.order_key, variant.number):
        stored = StoredObject.objects.get(pk=resource.stored_object_id)
        safe = f"{folder}/{resource.position + 1:03}-{_safe(posixpath.basename(resource.name))}"
        _copy(archive, safe, Locator(stored.pk, 0, stored.size_bytes, bytes(stored.sha256)), written)


def _free_name(name: str, number: int, written: Written) -> str:
    stem, extension = posixpath.splitext(name)
    found = name if name not in written.names else f"{stem}-{number}{extension}"
    written.names.add(found)
    return found


def _copy(archive: zipfile.ZipFile, name: str, locator: Locator, written: Written) -> bool:
    """Copy verified bytes; what fails its check is named as missing, and its place in the ZIP taken back."""
    try:
        chunks = stream(locator, 0, locator.length)
        place = archive.fp.tell() if archive.fp else 0
        digest = hashlib.sha256()
        with archive.open(zipfile.ZipInfo(name, _EARLIEST), "w", force_zip64=locator.length >= _LARGE_BYTES) as member:
            for chunk in chunks:
                digest.update(chunk)
                member.write(chunk)
    except StoreError as error:
        _take_back(archive, name, locals().get("place"))
        written.missing.append(f"{name}: {error}")
        return False
    written.sums.append(f"{digest.hexdigest()}  {name}")
    return True


def _take_back(archive: zipfile.ZipFile, name: str, place: int | None) -> None:
    """Forget a member that broke off in the middle, and write the next one over it."""
    if place is None or archive.fp is None or name not in archive.NameToInfo:
        return
    archive.filelist.remove(archive.NameToInfo.pop(name))
    archive.fp.seek(place)
    archive.fp.truncate()
    archive.start_dir = place


def _safe(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in name)[-80:] or "_"


def _notes(row: Communication, user: Any) -> list[list[Cell]]:
    return [
        [
            row.record_number,
            note.number,
            note.created_at.replace(tzinfo=None, microsecond=0),
            note.author_name,
            note.body,
        ]
        for note in list_notes(row, user=user)
    ]


def _add_lists(archive: zipfile.ZipFile, table: ExportTable, written: Written) -> None:
    _add_text(archive, "list.csv", lambda file: write_csv(file, table.header, [written.rows]))
    if written.notes:
        header = [_("Record"), pgettext("of a note", "Number"), _("Written (UTC)"), _("By"), _("Note")]
        _add_text(archive, "notes.csv", lambda file: write_csv(file, header, [written.notes]))
    archive.writestr(zipfile.ZipInfo("sha256sums.txt", _EARLIEST), "".join(f"{line}\n" for line in written.sums))
    if written.missing:
        said = _("These documents failed their check when they were read and are not in this file:")
        lines = "".join(f"{line}\n" for line in (said, *written.missing))
        archive.writestr(zipfile.ZipInfo("missing.txt", _EARLIEST), lines)


def _add_text(archive: zipfile.ZipFile, name: str, write: Callable[[IO[bytes]], None]) -> None:
    buffer = io.BytesIO()
    write(buffer)
    archive.writestr(zipfile.ZipInfo(name, _EARLIEST), buffer.getvalue())
