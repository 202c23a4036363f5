"""A full disk or a busy database is a 503 that says so and when to come again, wherever it is met (F-13)."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from archive.storage.contract import StoreFullError
from portal import failures

pytestmark = pytest.mark.django_db
FULL = [
    OperationalError("database or disk is full"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    StoreFullError("No space is left where a/b was to be written."),
]
BUSY = [
    OperationalError("database is locked"),
    OperationalError("The database was busy for 60 seconds. Another process holds its write lock: look for one."),
]
OTHER = [OperationalError("no such table: x"), OSError(errno.EACCES, "Permission denied"), ValueError("disk is full")]


@pytest.fixture
def browser(user_of: Callable[..., Any]) -> Client:
    """Return a signed-in browser that gets an answer whatever breaks."""
    client = Client(raise_request_exception=False)
    client.force_login(user_of("agent"))
    return client


def fails_with(error: Exception) -> Any:
    """Let every write to the database fail, as it does then: reads still work."""

    def execute(run: Callable[..., Any], sql: str, *more: Any) -> Any:
        if sql.split(" ", 1)[0] in ("INSERT", "UPDATE"):
            raise error
        return run(sql, *more)

    return connection.execute_wrapper(execute)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_no_room_is_said_with_what_to_do(browser: Client, error: Exception) -> None:
    with fails_with(error):
        answer = browser.post("/preferences/", {"only": "theme", "theme": "dark"})
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "300", "no-store")
    page = answer.content.decode()
    assert "no room left on the server" in page and "Tell your operations people that the disk is full" in page


@pytest.mark.parametrize("error", BUSY, ids=str)
def test_a_database_that_stays_busy_is_said_with_when_to_come_again(browser: Client, error: Exception) -> None:
    with fails_with(error):
        answer = browser.post("/preferences/", {"only": "theme", "theme": "dark"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "The server is busy" in answer.content.decode()


@pytest.mark.parametrize("error", OTHER, ids=str)
def test_anything_else_stays_a_500_that_asks_nobody_to_come_again(browser: Client, error: Exception) -> None:
    with fails_with(error):
        answer = browser.post("/preferences/", {"only": "theme", "theme": "dark"})
    assert answer.status_code == 500 and not answer.has_header("Retry-After")
    assert answer["Cache-Control"] == "no-store"


def test_signing_in_meets_it_too(user_of: Callable[..., Any]) -> None:
    user_of(name="eva")
    client = Client(raise_request_exception=False)
    with fails_with(FULL[0]):
        answer = client.post("/accounts/login/", {"login": "eva", "password": "correct horse battery"})
    assert answer.status_code == 503 and not client.cookies.get("session")


def test_a_middleware_that_meets_it_is_no_exception(browser: Client) -> None:
    """The refusal of a page is recorded outside of the view."""
    with fails_with(BUSY[0]):
        answer = browser.get("/loads/")
    assert answer.status_code == 503 and answer["Retry-After"] == "30"


def test_what_sqlite_says_of_a_full_database_is_understood(tmp_path: Any) -> None:
    database = sqlite3.connect(tmp_path / "small.db")
    database.execute("CREATE TABLE t (x)")
    database.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.OperationalError) as told:
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    database.close()
    assert failures.is_full(OperationalError(str(told.value)))
