"""While the word index cannot be read, searches for words say so, and everything else works; it is never "no hits"."""

from __future__ import annotations

from typing import Any

import pytest

from archive.search.words.database import index_path
from tests.archive.desk.test_selection import started
from tests.archive.documents.archives import Archive, letter
from tests.archive.search.test_index_text import index_text


@pytest.fixture
def broken(archive: Archive, client: Any, user_of: Any) -> Archive:
    """Return an archive whose word index is a broken file, with an auditor who is signed in."""
    archive.load(*(letter(name, account_number="0004711") for name in "abc"))
    index_text()
    file = index_path().resolve()
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    file.write_bytes(b"no database at all" * 1000)
    client.force_login(user_of("auditor"))
    return archive


@pytest.mark.parametrize(
    "query", ["statement", "statement class:statement", "NOT statement", "issued:2026 OR statement"]
)
def test_words_are_answered_with_a_banner_and_nothing_else(broken: Archive, client: Any, query: str) -> None:
    url = f"/search/{started(client, query).public_id}/"
    page = client.get(url)
    assert page.status_code == 503 and "The word index does not answer." in page.content.decode()
    assert "No communication matches" not in page.content.decode()
    count = client.get(f"{url}count")
    assert count.status_code == 503 and b"<b>0</b>" not in count.content
    client.post(f"{url}selection", {"all": "1"})
    assert client.get(f"{url}export/").status_code == 503
    assert client.post(f"{url}export/", {"kind": "csv"}).status_code == 503


def test_searches_without_words_go_on(broken: Archive, client: Any) -> None:
    url = f"/search/{started(client, 'account:0004711 class:statement').public_id}/"
    page = client.get(url)
    assert page.status_code == 200 and page.content.decode().count("data-row") == 3
    assert "<b>3</b>" in client.get(f"{url}count").content.decode()
    client.post(f"{url}selection", {"all": "1"})
    assert client.post(f"{url}export/", {"kind": "csv"}).status_code == 302


@pytest.mark.parametrize("panel", ["timeline", "details"])
def test_a_record_is_read_from_a_search_for_words(broken: Archive, client: Any, panel: str) -> None:
    search = started(client, "statement")
    page = client.get(f"/communications/{broken.get('a').public_id}/?s={search.public_id}&panel={panel}")
    assert page.status_code == 200 and str(search.public_id) in page.content.decode()


def test_it_works_again_once_it_is_built_again(broken: Archive, client: Any) -> None:
    url = f"/search/{started(client, 'statement').public_id}/"
    assert client.get(url).status_code == 503
    index_text("--rebuild")
    assert client.get(url).status_code == 200


def test_nothing_is_said_of_a_selection_that_cannot_be_counted(broken: Archive, client: Any) -> None:
    url = f"/search/{started(client, 'statement').public_id}/"
    client.post(f"{url}selection", {"all": "1"})
    page = client.get(f"{url}export/").content.decode()
    assert "Nothing is selected" not in page and 'name="kind"' not in page
    assert f'id="back-to-results" href="{url}"' in page
