"""An archive, and a log that can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.archive.audit.call_sites import World
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


@pytest.fixture
def world(archive: Archive, client: Any, user_of: Callable[..., Any], tmp_path: Path) -> World:
    """Return what acts stand in; what goes wrong in a page is an answer, as it is for a browser."""
    client.raise_request_exception = False
    return World(archive, client, user_of, tmp_path)
