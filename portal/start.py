"""What must hold before a process serves or works: the protections of the database are as declared."""

from __future__ import annotations

from django.db import connection

from archive.audit import triggers


def refuse_when_unsafe() -> None:
    """Stop the start when a trigger is missing or altered.

    Errors: MissingTriggerError names it.
    """
    try:
        triggers.verify(connection)
    finally:
        connection.close()
