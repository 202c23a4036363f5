"""The index of an archive's members stays the same whether it fits into memory or not."""

from __future__ import annotations

import pytest

from archive.ingest.readers import member_index
from archive.ingest.readers.member_index import MemberIndex


@pytest.fixture(params=[1, 2, 3, 1000], ids=lambda held: f"{held} in memory")
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(member_index, "IN_MEMORY", request.param)
    index = MemberIndex()
    yield index
    index.close()


def test_what_was_added_is_found(index: MemberIndex):
    for number in range(7):
        index.add(f"print/{number}.pdf", (number, number * 2, -number, 2**62))
    assert [index.get(f"print/{number}.pdf") for number in range(7)] == [
        (number, number * 2, -number, 2**62) for number in range(7)
    ]
    assert index.get("print/7.pdf") is None


def test_a_name_that_was_added_twice_is_known_as_such_and_no_other(index: MemberIndex):
    for name in ("a", "b", "c", "a", "d", "e", "e", "f"):
        index.add(name, (1, 1, 1, 1))
    assert [name for name in "abcdefg" if index.is_twice(name)] == ["a", "e"]


def test_names_at_the_top_come_sorted(index: MemberIndex):
    for name in ("z.csv", "print/1.pdf", "a.csv", "m.txt"):
        index.add(name, (0, 0, 0, 0))
    assert index.top_names() == ["a.csv", "m.txt", "z.csv"]
