"""The page of the word index: figures by right, a broken index said, a rebuild by who may."""

from __future__ import annotations

from typing import Any

import pytest

from archive.search.indexing import index_waiting
from archive.search.words.database import index_path
from archive.work.models import WorkItem
from tests.archive.documents.archives import Archive, events, letter, sms


@pytest.fixture
def client_of(client: Any, user_of: Any) -> Any:
    """Return a function that signs in a user of a role."""

    def sign_in(role: str) -> Any:
        client.force_login(user_of(role))
        return client

    return sign_in


def test_operators_see_what_is_indexed_what_waits_and_what_failed(archive: Archive, client_of: Any) -> None:
    broken = {"channel": "print", "file": "b.pdf", "content_type": "application/pdf"}
    archive.load(letter("a"), letter("b", variants=[broken]), members={"b.pdf": b"%PDF-1.4"})
    index_waiting(workers=0)
    archive.load(letter("c"))
    page = client_of("operations").get("/system/text/").content.decode()
    assert "The file is broken." in page and archive.get("b").record_number in page
    figures = client_of("auditor").get("/system/text/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in figures and figures.count("v-figure-value") == 5


def test_a_failure_of_a_letter_that_the_operator_may_not_see_is_not_named(
    archive: Archive, client_of: Any, user_of: Any
) -> None:
    broken = {"channel": "print", "file": "b.pdf", "content_type": "application/pdf"}
    archive.load(letter("b", variants=[broken], business_unit="commercial"), members={"b.pdf": b"%PDF-1.4"})
    index_waiting(workers=0)
    from tests.archive.documents.archives import set_rules

    client = client_of("operations")
    set_rules(user_of("operations", name="other").groups.get(), allow=("unit:retail",))
    assert archive.get("b").record_number not in client.get("/system/text/").content.decode()


def test_a_broken_index_is_said_and_can_be_rebuilt(archive: Archive, client_of: Any) -> None:
    archive.load(letter("a", variants=[sms("fee")]))
    index_waiting(workers=0)
    index_path().resolve().write_bytes(b"broken" * 1000)
    client = client_of("operations")
    page = client.get("/system/text/").content.decode()
    assert "cannot be read" in page and 'id="rebuild"' in page
    assert client.post("/system/text/rebuild").status_code == 302
    assert client.post("/system/text/rebuild").status_code == 302
    assert WorkItem.objects.filter(kind="search.rebuild").count() == 1
    assert [event.actor_name for event in events("index.rebuild_requested")] == ["operations"] * 2


def test_who_may_not_rebuild_is_refused(archive: Archive, client_of: Any) -> None:
    client = client_of("auditor")
    assert 'id="rebuild"' not in client.get("/system/text/").content.decode()
    assert client.post("/system/text/rebuild").status_code == 403
    assert not WorkItem.objects.filter(kind="search.rebuild").exists()
    assert client_of("agent").get("/system/text/").status_code == 403


def test_a_search_for_words_with_a_broken_index_is_a_banner_and_never_none_found(
    archive: Archive, client_of: Any
) -> None:
    archive.load(letter("a", variants=[sms("fee")], account_number="0004711"))
    index_waiting(workers=0)
    index_path().resolve().write_bytes(b"broken" * 1000)
    client = client_of("auditor")
    place = client.post("/search/", {"q": "fee"})["Location"]
    answer = client.get(place)
    assert answer.status_code == 503 and "The word index does not answer." in answer.content.decode()
    assert "No communication matches" not in answer.content.decode()
    assert client.get(place + "count").status_code == 503
    assert client.get(client.post("/search/", {"q": "0004711"})["Location"]).status_code == 200
