"""Counts are exact to ten thousand, then "more than", and count only what the user may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Max

from archive.audit.actor import Actor
from archive.documents.models import Communication
from archive.search.models import Search
from archive.search.selectors import COUNTED_TO, count, count_superseded, resolve
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, letter


def multiply(row: Communication, copies: int, **changes: Any) -> None:
    """Write copies of a row in one statement, for counting alone."""
    start = Communication.objects.aggregate(last=Max("load_position"))["last"]
    columns = [field.column for field in Communication._meta.concrete_fields]
    differing = {
        "order_key": f"order_key + 10 * (n.n + {start})",
        "public_id": "randomblob(16)",
        "external_id": f"external_id || '-' || (n.n + {start})",
        "load_position": f"n.n + {start}",
        **{column: f"'{value}'" for column, value in changes.items()},
    }
    values = ", ".join(differing.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {copies}) "
            f"INSERT INTO archive_communication ({', '.join(columns)}) "
            f"SELECT {values} FROM archive_communication, n WHERE order_key = {row.order_key}"
        )


@pytest.fixture
def many(archive: Archive) -> Archive:
    """Return an archive with exactly as many letters of branch 012 as are counted, and some of branch 099."""
    archive.load(letter("seen", index={"branch": "012"}), letter("hidden", index={"branch": "099"}))
    multiply(archive.get("seen"), COUNTED_TO - 1)
    multiply(archive.get("hidden"), 5)
    return archive


def said(client: Any, user: Any, text: str = "", query: str = "") -> str:
    """Return the sentence that counts."""
    search = start_search(text=text, user=user, actor=Actor.of_user(user))
    client.force_login(user)
    return client.get(f"/search/{search.public_id}/count{query}").content.decode()


def test_ten_thousand_are_exact_and_one_more_is_more_than(many: Archive, user_of: Any, client: Any) -> None:
    agent = user_of("agent")
    assert count(resolve("", user=agent)) == (COUNTED_TO, True)
    assert "<b>10,000</b> communications" in said(client, agent)
    multiply(many.get("seen"), 1)
    assert count(resolve("", user=agent)) == (COUNTED_TO, False)
    assert count(resolve("", user=agent), exactly=True) == (COUNTED_TO + 1, True)
    sentence = said(client, agent)
    assert "<b>More than 10,000</b> communications" in sentence and "?exactly" in sentence
    assert "<b>10,001</b> communications" in said(client, agent, query="?exactly")


def test_what_is_hidden_is_not_counted(archive: Archive, user_of: Any, client: Any) -> None:
    archive.load(*(letter(f"seen-{n}", index={"branch": "012"}) for n in range(3)))
    archive.load(*(letter(f"hidden-{n}", index={"branch": "099"}) for n in range(2)))
    archive.load(letter("other unit", business_unit="commercial"))
    for role, number in (("agent", 3), ("auditor", 6), ("records", 0)):
        user = user_of(role)
        assert count(resolve("", user=user)) == (number, True)
        assert count(resolve("", user=user), exactly=True) == (number, True)
        assert f"<b>{number}</b> communication" in said(client, user)
    assert count(resolve("branch:099", user=user_of("agent", name="second"))) == (0, True)


def test_replaced_ones_beyond_ten_thousand_are_more_than(archive: Archive, user_of: Any, client: Any) -> None:
    archive.load(letter("current", index={"branch": "012"}))
    multiply(archive.get("current"), COUNTED_TO, state="superseded")
    agent = user_of("agent")
    assert count_superseded(resolve("", user=agent)) == (COUNTED_TO, True)
    assert "Show 10,000 replaced ones too" in said(client, agent)
    multiply(archive.get("current"), 1, state="superseded")
    assert count_superseded(resolve("", user=agent)) == (COUNTED_TO, False)
    assert "Show more than 10,000 replaced ones too" in said(client, agent)


def test_the_count_of_a_search_that_no_longer_can_be_run_says_why(archive: Archive, user_of: Any, client: Any) -> None:
    agent = user_of("agent")
    search = start_search(text="name:eva", user=agent, actor=Actor.of_user(agent))
    agent.groups.set([Group.objects.get(name="operations")])
    client.force_login(agent)
    for path in ("", "count"):
        answer = client.get(f"/search/{search.public_id}/{path}")
        assert answer.status_code == 422 and "There is no field" in answer.content.decode()
    assert Search.objects.count() == 1
