"""Cursors stand in URLs: they hold nothing of the customer's, and only ours are taken."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.core import signing

from archive.audit.actor import Actor
from archive.audit.ids import uuid7
from archive.search.paging import SORTS, BadCursorError
from archive.search.selectors import get_page, resolve
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, letter

SALT = "archive.search.cursor"
ACCOUNT, CUSTOMER = "DE89370400440532013000", "C-4711-EVA"


@pytest.fixture
def found(archive: Archive, user_of: Any) -> Any:
    """Return a search over five letters of one customer."""
    archive.load(*(letter(f"letter-{n}", account_number=ACCOUNT, customer_id=CUSTOMER) for n in range(5)))
    return resolve("", user=user_of("auditor", name="reader"))


def decoded(cursor: str) -> str:
    """Return what anybody can read in a cursor: it is signed, not encrypted."""
    payload = cursor.partition(":")[0].lstrip(".")
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def test_a_cursor_holds_the_order_a_public_id_and_a_direction_only(found: Any) -> None:
    for sort in SORTS:
        page = get_page(found, sort=sort, limit=2)
        second = get_page(found, sort=sort, limit=2, cursor=page.after)
        assert json.loads(decoded(page.after)) == [sort, str(page.rows[-1].public_id), False]
        assert json.loads(decoded(second.before)) == [sort, str(second.rows[0].public_id), True]


FOREIGN = [
    "x",
    ":",
    "a:b:c",
    "ÿ\u2028",
    "." * 300,
    signing.dumps(["-issued", str(uuid7()), False], salt="another"),
    signing.dumps(["-issued", "no id", False], salt=SALT),
    signing.dumps(["-issued"], salt=SALT),
    signing.dumps(["-issued", str(uuid7()), False], salt=SALT),
    signing.dumps(["account", str(uuid7()), False], salt=SALT),
]


def test_a_cursor_that_is_not_ours_is_refused(found: Any) -> None:
    for cursor in FOREIGN:
        with pytest.raises(BadCursorError):
            get_page(found, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(found: Any) -> None:
    cursor = get_page(found, sort="account", limit=2).after
    with pytest.raises(BadCursorError, match="another order"):
        get_page(found, sort="-account", limit=2, cursor=cursor)


def test_a_changed_cursor_is_refused(found: Any) -> None:
    cursor = get_page(found, limit=2).after
    for place in range(0, len(cursor), 7):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(BadCursorError):
            get_page(found, cursor=changed)


def test_the_page_goes_back_to_the_beginning_when_its_link_is_bad(client: Any, user_of: Any, found: Any) -> None:
    user = user_of("agent")
    search = start_search(text="", user=user, actor=Actor.of_user(user))
    client.force_login(user)
    for name in ("after", "before"):
        answer = client.get(f"/search/{search.public_id}/", {name: "nonsense"})
        assert (answer.status_code, answer["Location"]) == (302, f"/search/{search.public_id}/")
