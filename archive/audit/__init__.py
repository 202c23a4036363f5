"""The audit log. `audit.record(...)` in the transaction of a change; reads are committed before the first byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archive.audit.services import (
        parts_root,
        prepare,
        record,
        record_all,
        record_load_part,
        record_read,
        record_refusal,
        record_view,
    )

__all__ = [
    "parts_root",
    "prepare",
    "record",
    "record_all",
    "record_load_part",
    "record_read",
    "record_refusal",
    "record_view",
]


def __getattr__(name: str) -> Any:
    """Load the services on first use: this package is imported before Django's models are ready."""
    if name in __all__:
        from archive.audit import services

        return getattr(services, name)
    raise AttributeError(name)
