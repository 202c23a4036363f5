"""An archive, and a log that can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from tests.archive.documents.archives import Archive

Fail = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def archive(configured: None, tmp_path: Path) -> Archive:
    """Return an empty archive."""
    return Archive(tmp_path)


@pytest.fixture
def failing(db: None) -> Fail:
    """Return a context in which the event of one verb cannot be inserted."""

    @contextmanager
    def fail(verb: str) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TRIGGER log_is_full BEFORE INSERT ON main.audit_event "
                f"WHEN NEW.verb = '{verb}' BEGIN SELECT RAISE(ABORT, 'log is full'); END"
            )
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER log_is_full")

    return fail
