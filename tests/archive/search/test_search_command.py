"""`manage.py search`: what a user would find, as JSON that other programs build on (design.md "Commands")."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.search.models import Search
from tests.archive.documents.archives import Archive, events, letter, sms

HIT = {
    "id",
    "record_number",
    "external_id",
    "business_unit",
    "document_class",
    "issued_on",
    "subject",
    "customer_id",
    "account_number",
    "state",
    "retain_until",
    "index",
    "variants",
}


@pytest.fixture
def letters(archive: Archive, user_of: Any) -> Archive:
    """Return an archive with five letters that an agent sees and one that only an auditor does."""
    variants = [sms("short"), {"channel": "web", "file": "a.html", "content_type": "text/html"}]
    archive.load(
        letter("full", customer_id="C-1", subject="Ä", index={"branch": "012", "balance": "1.50"}, variants=variants),
        *(letter(f"more-{n}", issued_on=f"2026-10-0{n}", index={"branch": "012"}) for n in range(1, 5)),
        letter("hidden", index={"branch": "099"}),
        members={"a.html": b"<p>web"},
    )
    user_of("agent")
    user_of("auditor")
    return archive


def search(*arguments: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    out = io.StringIO()
    call_command("search", *arguments, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_answer_has_the_shape_that_is_promised(letters: Archive) -> None:
    answer = search("customer:C-1", "--as", "agent")
    assert set(answer) == {"count", "count_is_exact", "hits", "next_cursor"}
    assert (answer["count"], answer["count_is_exact"], answer["next_cursor"]) == (1, True, None)
    (hit,) = answer["hits"]
    row = letters.get("full")
    assert set(hit) == HIT
    assert hit["variants"] == [
        {
            "id": f"{row.public_id}-{number}",
            "channel": channel,
            "content_type": content_type,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for number, channel, content_type, content in (
            (1, "sms", "text/plain; charset=utf-8", b"short"),
            (2, "web", "text/html", b"<p>web"),
        )
    ]
    del hit["variants"]
    assert hit == {
        "id": str(row.public_id),
        "record_number": row.record_number,
        "external_id": "full",
        "business_unit": "retail",
        "document_class": "statement",
        "issued_on": "2026-10-31",
        "subject": "Ä",
        "customer_id": "C-1",
        "account_number": "",
        "state": "current",
        "retain_until": "2036-12-31",
        "index": {"branch": "012", "balance": "1.50"},
    }


def test_pages_follow_each_other_by_cursor(letters: Archive) -> None:
    found: list[str] = []
    cursor: list[str] = []
    for page in range(3):
        answer = search("", "--as", "agent", "--limit", "2", *cursor)
        assert (answer["count"], answer["count_is_exact"]) == (5, True)
        found += [hit["external_id"] for hit in answer["hits"]]
        assert (answer["next_cursor"] is None) == (page == 2)
        cursor = ["--cursor", answer["next_cursor"] or ""]
    assert found == ["full", "more-4", "more-3", "more-2", "more-1"]


def test_each_user_finds_what_their_rules_show(letters: Archive, user_of: Any) -> None:
    user_of("records")
    left = user_of("agent", name="left")
    left.is_active = False
    left.save()
    assert search("", "--as", "agent")["count"] == 5
    assert search("", "--as", "auditor")["count"] == 6
    assert search("", "--as", "records") == {"count": 0, "count_is_exact": True, "hits": [], "next_cursor": None}
    with pytest.raises(CommandError, match="left may not search"):
        search("", "--as", "left")


def test_a_user_without_the_right_finds_nothing_and_nothing_is_recorded(letters: Archive, user_of: Any) -> None:
    user_of("admin")
    with pytest.raises(CommandError, match="admin may not search"):
        search("", "--as", "admin")
    assert not events("search.run") and not Search.objects.exists()


def test_the_search_is_recorded_as_that_users(letters: Archive) -> None:
    search("customer:C-1", "--as", "agent")
    assert [(event.actor_name, event.outcome) for event in events("search.run")] == [("agent", "done")]


WRONG = [
    (["", "--as", "nobody-here"], "No user is called 'nobody-here'"),
    (["branche:1", "--as", "agent"], "Did you mean branch"),
    (["", "--as", "agent", "--limit", "0"], "from 1 to 10,000"),
    (["", "--as", "agent", "--limit", "10001"], "from 1 to 10,000"),
    (["", "--as", "agent", "--cursor", "x"], "not valid. Search again"),
    (["", "--as", "agent", "--sort", "subject"], "cannot be sorted like that"),
]


def test_what_is_wrong_is_said_with_what_would_be_right(configured: None, user_of: Any) -> None:
    user_of("agent")
    for arguments, said in WRONG:
        with pytest.raises(CommandError, match=said):
            search(*arguments)


def test_a_person_reads_a_line_for_each_hit(letters: Archive) -> None:
    out = io.StringIO()
    call_command("search", "customer:C-1", "--as", "agent", stdout=out)
    first, line = out.getvalue().splitlines()
    assert first == "1 communications"
    assert line.startswith("2026-10-31") and "statement" in line and letters.get("full").record_number in line
