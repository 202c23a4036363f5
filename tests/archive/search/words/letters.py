"""Letters with words: rows by the real pipeline, texts put into the index as extraction would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archive.documents.models import Communication
from archive.search.selectors import all_keys, resolve
from archive.search.words.writer import INDEXED, CommunicationText, IndexWriter, VariantText
from tests.archive.documents.archives import Archive, letter


def write(archive: Archive, texts: Mapping[str, Sequence[str]], **changes: Mapping[str, Any]) -> None:
    """Load a letter for each external id, and index its texts, one a variant; `changes` by external id."""
    archive.load(*(letter(name, **changes.get(name, {})) for name in texts))
    with IndexWriter.open() as writer:
        writer.put([text_of(archive.get(name), *texts[name]) for name in texts], {})


def text_of(row: Communication, *texts: str) -> CommunicationText:
    """Return what extraction would say of a communication."""
    variants = [VariantText(number, INDEXED, text) for number, text in enumerate(texts, start=1)]
    return CommunicationText(row.order_key, row.unit_id, row.document_class_id, row.subject, variants)


def found(query: str, user: Any) -> set[str]:
    """Return the external ids of everything that a user finds."""
    keys = [key for batch in all_keys(resolve(query, user=user)) for key in batch]
    assert keys == sorted(keys, reverse=True) and len(keys) == len(set(keys))
    return set(Communication.objects.filter(order_key__in=keys).values_list("external_id", flat=True))
