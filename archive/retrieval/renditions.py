"""Renditions that are made for reading: a PDF of a native print format, labelled, kept a while, never the original.

A rendition lies under DATA_DIR/renditions/<communication>/ by variant, digest, tool and version: another program or
another document is another file. It can be made again at any time, so nothing of it is in the database.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from archive.documents.copies import register_copy_holder
from archive.documents.models import ClassVersion, Communication
from archive.documents.selectors import viewing_of
from archive.retrieval.filenames import plain_type
from archive.retrieval.limited import LARGEST_BYTES, CannotShowError
from archive.retrieval.opened import Opened
from archive.retrieval.transformers import Transformer, transformers, version_of
from archive.retrieval.transformers.sandbox import TransformError, is_network_closed, transform
from archive.storage.reading import Locator, stream
from archive.work.leases import Lease

KEPT_DAYS = 30
REFUSED_SECONDS = 3600
"""For how long a document that could not be made readable is not tried again."""


@dataclass(frozen=True, slots=True)
class MadeRendition:
    """A PDF in place of a variant's native format, and what its label says.

    Shapes: made here it lies at `path`; one that the producer `delivered` lies in the archive at `locator`, and its
    tool may be unknown.
    """

    tool: str
    version: str
    made_at: datetime.datetime
    path: Path | None = None
    locator: Locator | None = None
    network_closed: bool = True

    @property
    def is_delivered(self) -> bool:
        """Tell whether it came with the document."""
        return self.locator is not None

    def chunks(self) -> Iterator[bytes]:
        """Return its bytes; delivered ones are verified. Errors: DamagedObjectError."""
        if self.locator is not None:
            return stream(self.locator, 0, self.locator.length)
        assert self.path is not None, "it was made here"
        return iter([self.path.read_bytes()])


def transformer_of(opened: Opened) -> Transformer | None:
    """Return what the variant's class names for its content type, or None; also None for files inside e-mails."""
    if opened.file:
        return None
    kind = plain_type(opened.content_type)
    named = (
        ClassVersion.objects.filter(
            document_class_id=opened.communication.document_class_id, version=F("document_class__current")
        )
        .values_list("transformers", flat=True)
        .first()
    )
    found = transformers().get((named or {}).get(kind, ""))
    return found if found is not None and kind in found.accepts else None


def make_rendition(opened: Opened, transformer: Transformer) -> MadeRendition:
    """Return the rendition of a variant, made now where it is not there yet.

    Errors: TransformError; CannotShowError for what is too large; DamagedObjectError.
    """
    version = version_of(transformer)
    path = _path_of(opened, transformer, version)
    if not path.exists():
        _assert_not_refused(path, transformer)
        _make(opened, transformer, path)
    os.utime(path.with_suffix(".json"))  # it is used: it stays
    told = json.loads(path.with_suffix(".json").read_text())
    made_at = datetime.datetime.fromisoformat(told["made_at"])
    return MadeRendition(transformer.label, version, made_at, path, network_closed=bool(told["network_closed"]))


def rendition_of(opened: Opened) -> MadeRendition | None:
    """Return what is shown in place of a native format: what came with it, else what its class has made of it; or None.

    Errors: those of `make_rendition`.
    """
    if opened.file or opened.kind != "other":
        return None
    delivered = viewing_of(opened.variant)
    if delivered is not None:
        locator = Locator(delivered.stored_object_id, 0, delivered.size_bytes, bytes(delivered.sha256))
        return MadeRendition(delivered.tool, delivered.tool_version, delivered.created_at, locator=locator)
    transformer = transformer_of(opened)
    return make_rendition(opened, transformer) if transformer else None


def run_clear(lease: Lease) -> dict[str, Any]:
    """Remove what nobody has read for 30 days, and old refusals, as background work."""
    now, removed = time.time(), 0
    for told in _folder().glob("*/*.json"):
        if now - told.stat().st_mtime > KEPT_DAYS * 86_400:
            told.with_suffix(".pdf").unlink(missing_ok=True)
            told.unlink(missing_ok=True)
            removed += 1
            lease.heartbeat()
    for refused in _folder().glob("*/*.refused"):
        if now - refused.stat().st_mtime > REFUSED_SECONDS:
            refused.unlink(missing_ok=True)
    return {"removed": removed}


class RenditionHolder:
    """Tells what copies of a communication lie here, and removes them with it."""

    def list_copies(self, public_id: UUID) -> list[str]:
        """Return the names of the files."""
        return sorted(path.name for path in (_folder() / str(public_id)).glob("*.pdf"))

    def dispose(self, public_id: UUID) -> int:
        """Remove all renditions of a communication; return how many there were."""
        copies = len(self.list_copies(public_id))
        shutil.rmtree(_folder() / str(public_id), ignore_errors=True)
        return copies


def register() -> None:
    """Register as a holder of copies, at start-up."""
    register_copy_holder(RenditionHolder())


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "renditions"


def _path_of(opened: Opened, transformer: Transformer, version: str) -> Path:
    made_by = hashlib.sha256("\0".join((*transformer.command, transformer.key, version)).encode()).hexdigest()[:16]
    digest = bytes(opened.variant.sha256).hex()
    communication: Communication = opened.communication
    return _folder() / str(communication.public_id) / f"{opened.variant.number}-{digest[:32]}-{made_by}.pdf"


def _assert_not_refused(path: Path, transformer: Transformer) -> None:
    refused = path.with_suffix(".refused")
    if refused.exists() and time.time() - refused.stat().st_mtime < REFUSED_SECONDS:
        raise TransformError(refused.read_text(), transformer.label)


def _make(opened: Opened, transformer: Transformer, path: Path) -> None:
    if opened.size_bytes > LARGEST_BYTES:
        raise CannotShowError(_("This document is too large to be made readable here."))
    payload = opened.payload()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        made = transform(transformer, payload)
    except TransformError as error:
        if transformer.is_installed:
            _write(path.with_suffix(".refused"), error.reason.encode())
        raise
    told = {"made_at": datetime.datetime.now(datetime.UTC).isoformat(), "network_closed": is_network_closed()}
    _write(path.with_suffix(".json"), json.dumps(told).encode())
    _write(path, made)


def _write(path: Path, content: bytes) -> None:
    """Write under another name first: two readers may make the same at once, and neither sees half of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
