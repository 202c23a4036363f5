"""Background work as rows: `work.enqueue`, `work.register`, leases."""

from __future__ import annotations

from typing import Any

_SERVICES = {"claim", "enqueue", "holding", "is_held", "pause", "retry", "stop"}


def __getattr__(name: str) -> Any:
    """Load on first use: this package is imported before Django's models are ready."""
    if name in _SERVICES:
        from archive.work import services

        return getattr(services, name)
    if name == "register":
        from archive.work.kinds import register

        return register
    if name == "WorkFailed":
        from archive.work.leases import WorkFailed

        return WorkFailed
    raise AttributeError(name)
