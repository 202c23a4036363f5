"""Names of documents outside the database."""

from __future__ import annotations

from uuid import UUID

from archive.documents.content_types import extension_of


def member_name(public_id: UUID | str, number: int, content_type: str) -> str:
    """Return the name under which a variant stands in a pack: its public id and an extension."""
    return f"{public_id}-{number}{extension_of(content_type)}"
