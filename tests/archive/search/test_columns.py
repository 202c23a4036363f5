"""The hit list has the columns of its class; what all rows share is said once; chips say days as words."""

from __future__ import annotations

from typing import Any

from archive.desk.chips import chips_of
from archive.query import parse
from archive.search.selectors import HitList, hit_list, resolve
from tests.archive.documents.archives import Archive, letter


def listed(text: str, user: Any) -> HitList:
    """Return the hit list of a query."""
    return hit_list(list(resolve(text, user=user).rows), user=user)


def test_rows_of_one_class_show_its_fields_and_numbers_are_grouped(archive: Archive, user_of: Any) -> None:
    archive.load(letter("one", index={"branch": "012", "balance": "12345.60"}), letter("two", index={"branch": "014"}))
    hits = listed("class:statement", user_of("auditor"))
    assert [(column.key, column.is_number) for column in hits.columns] == [("branch", False), ("balance", True)]
    cells = {hit.communication.external_id: [cell.text for cell in hit.cells] for hit in hits.hits}
    assert cells == {"one": ["012", "12,345.60"], "two": ["014", ""]}


def test_what_all_rows_share_needs_no_column(archive: Archive, user_of: Any) -> None:
    mine = {"customer_id": "C-1", "account_number": "0004711"}
    archive.load(letter("one", **mine), letter("two", **mine), letter("other", customer_id="C-2"))
    auditor = user_of("auditor")
    assert {key: value for key, value in listed("account:0004711", auditor).folded.items() if key != "unit"} == {
        "class_label": "Statement",
        "customer": "C-1",
        "account": "0004711",
    }
    assert {"customer", "account"} & listed("class:statement", auditor).folded.keys() == set()
    assert listed("customer:C-2", auditor).folded == {}


def test_a_field_that_all_rows_share_or_none_has_needs_no_column(archive: Archive, user_of: Any) -> None:
    archive.load(letter("one", index={"branch": "012"}), letter("two", index={"branch": "012"}))
    auditor = user_of("auditor")
    hits = listed("class:statement", auditor)
    assert hits.columns == [] and hits.folded["branch"] == "Branch 012" and "balance" not in hits.folded
    assert [column.key for column in listed("external_id:one", auditor).columns] == ["branch", "balance"]


def test_chips_say_days_and_months_as_words(configured: None, user_of: Any) -> None:
    query = "issued:2026-01-05..2026-10 account:2026-10-31 issued:2026-03-01.. class:statement"
    assert [(chip.label, chip.value) for chip in chips_of(parse(query), user=user_of("auditor"))] == [
        ("Issued", "5 Jan 2026 to Oct 2026"),
        ("Account", "2026-10-31"),
        ("Issued", "from 1 Mar 2026"),
        ("Class", "Statement"),
    ]
