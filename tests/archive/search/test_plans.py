"""The index of the condition that finds few leads a search, on a database without any statistics."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.documents import fields
from archive.documents.models import AccessRule
from archive.search import selectors
from archive.search.selectors import get_page, resolve
from tests.archive.documents.archives import Archive, external_ids, letter

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="plans of SQLite")


@pytest.fixture
def agent(archive: Archive, user_of: Any) -> Any:
    """Return an agent of one unit, in an archive of a few letters; nothing was ever analysed."""
    archive.load(
        letter("one", account_number="A1", customer_id="C-1", index={"branch": "012"}),
        letter("two", account_number="A2", customer_id="C-2", index={"branch": "013"}),
    )
    user = user_of("agent")
    AccessRule.objects.filter(group__user=user).delete()
    AccessRule.objects.create(group=Group.objects.get(user=user), effect="allow", expression="unit:retail")
    return user


def plan_of(text: str, user: Any) -> str:
    """Return how SQLite would find the first page of a search."""
    rows: Any = resolve(text, user=user).rows
    sql, parameters = rows.order_by("-order_key")[:51].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        assert cursor.fetchone() == (0,), "the test needs a database without statistics"
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(row[3] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("account:A1", ["communication_account"]),
        ("customer:C-1", ["communication_customer"]),
        ("customer:C-1 issued:2026", ["communication_customer"]),
        ("account:A1 unit:retail class:statement", ["communication_account"]),
        ("external_id:one", ["communication_external"]),
        ("branch:012 class:statement", ["communication_t"]),
        ("A1", ["communication_account", "communication_customer", "communication_external"]),
        ("account:A1 OR customer:C-2", ["communication_account", "communication_customer"]),
    ],
)
def test_what_finds_few_leads(agent: Any, text: str, indexes: list[str]) -> None:
    plan = plan_of(text, agent)
    for index in indexes:
        assert f"INDEX {index}" in plan, plan
    assert "communication_unit" not in plan and "communication_class" not in plan, plan


def test_a_unit_or_class_alone_is_found_by_its_own_index(agent: Any) -> None:
    assert "INDEX communication_unit" in plan_of("", agent)
    assert "INDEX communication_unit" in plan_of("NOT account:A1", agent)


def test_rules_that_only_filter_still_hide(agent: Any) -> None:
    AccessRule.objects.update(expression="unit:retail branch:012")
    assert external_ids(resolve("account:A1,A2", user=agent).rows) == {"one"}
    AccessRule.objects.create(group=Group.objects.get(user=agent), effect="deny", expression="class:statement")
    assert external_ids(resolve("account:A1,A2", user=agent).rows) == set()


def test_a_broad_beginning_filters_a_walk_in_issue_order(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "INDEX communication_account" in plan_of("account:A*", agent)
    monkeypatch.setattr(fields, "MOST_LISTED", 1)
    for text in ("account:A*", "customer:C*", "external_id:o* OR account:A*"):
        assert "SCAN archive_communication" in plan_of(text, agent), text
    assert [row.account_number for row in get_page(resolve("account:A*", user=agent), sort="account").rows] == [
        "A1",
        "A2",
    ]
    assert external_ids(resolve("account:A*", user=agent).rows) == {"one", "two"}


def test_replaced_and_restricted_ones_have_indexes_of_their_own(agent: Any) -> None:
    assert "INDEX communication_superseded" in plan_of("state:superseded", agent)


@pytest.mark.parametrize("text", ["state:current", "restricted:no", "channel:sms", "NOT channel:fax"])
def test_a_few_rare_ones_are_listed_and_sorted_many_are_met_in_order(
    agent: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, walks in ((1, True), (5, False)):
        monkeypatch.setattr(selectors, "MOST_LISTED", most)
        with CaptureQueriesContext(connection) as asked:
            page = get_page(resolve(text, user=agent), sort="-account")
        assert [row.account_number for row in page.rows] == ["A2", "A1"]
        assert ('"order_key" IN (' not in asked[-1]["sql"]) == walks, asked[-1]["sql"]
