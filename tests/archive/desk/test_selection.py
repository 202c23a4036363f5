"""What is ticked lasts: across pages, beside everything, by right, and only in one's own search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from archive.search import picks
from archive.search.models import Pick, Search
from archive.search.picks import picked_keys, selected_keys, selection_of
from tests.archive.documents.archives import Archive, letter, set_rules


@pytest.fixture
def agent(client: Any, user_of: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def started(client: Any, query: str = "") -> Search:
    """Run a search and return its row."""
    place = client.post("/search/", {"q": query})["Location"]
    return Search.objects.get(public_id=place.split("/")[2])


def tick(client: Any, archive: Archive, search: Search, shown: Sequence[str], ticked: Sequence[str]) -> Any:
    """Tell the ticks of some rows as the page does."""
    ids = {name: str(archive.get(name).public_id) for name in (*shown, *ticked)}
    values = {"shown": [ids[name] for name in shown], "id": [ids[name] for name in ticked]}
    return client.post(f"/search/{search.public_id}/selection", values, headers={"HX-Request": "true"})


def selected(search: Search, archive: Archive, user: Any) -> set[str]:
    """Return the external ids of what is selected."""
    search.refresh_from_db()
    found = selected_keys(query=search.query, selects_all=search.selects_all, picks=picks.picks_of(search), user=user)
    keys = {key for batch in found for key in batch}
    return {name for name in "abcdef" if archive.get(name).order_key in keys}


@pytest.fixture
def letters(archive: Archive) -> Archive:
    """Return an archive with six letters, the last of a branch that agents do not see."""
    archive.load(*(letter(name, index={"branch": "012"}) for name in "abcde"), letter("f", index={"branch": "099"}))
    return archive


def test_ticks_are_kept_and_taken_back(letters: Archive, client: Any, agent: Any) -> None:
    search = started(client)
    bar = tick(client, letters, search, "abc", "ab").content.decode()
    assert "2 selected" in bar and "<html" not in bar
    assert selected(search, letters, agent) == {"a", "b"}
    tick(client, letters, search, "a", "")
    tick(client, letters, search, "d", "d")
    tick(client, letters, search, "d", "d")
    assert selected(search, letters, agent) == {"b", "d"}
    page = client.get(f"/search/{search.public_id}/").content.decode()
    assert page.count("data-pick autocomplete") == 5 and page.count(" checked>") == 2


def test_everything_but_what_was_unticked(letters: Archive, client: Any, agent: Any) -> None:
    search = started(client)
    tick(client, letters, search, "a", "a")
    bar = client.post(f"/search/{search.public_id}/selection", {"all": "1"}, headers={"HX-Request": "true"})
    assert "5 selected" in bar.content.decode()
    assert "4 selected" in tick(client, letters, search, "c", "").content.decode()
    assert selected(search, letters, agent) == {"a", "b", "d", "e"}
    letters.load(letter("later", index={"branch": "012"}))
    search.refresh_from_db()
    assert selection_of(search, user=agent).count == 5
    assert picked_keys(search, [letters.get("c").order_key]) == set()
    bar = client.post(f"/search/{search.public_id}/selection", {"none": "1"}, headers={"HX-Request": "true"})
    assert "selected" not in bar.content.decode() and not Pick.objects.exists()


def test_what_may_not_be_seen_is_never_selected(letters: Archive, client: Any, agent: Any) -> None:
    search = started(client)
    tick(client, letters, search, "af", "af")
    assert selected(search, letters, agent) == {"a"} and Pick.objects.count() == 1
    set_rules(agent.groups.get())
    assert selected(search, letters, agent) == set() and selection_of(search, user=agent).count == 0


def test_without_scripts_the_ticks_of_a_page_lead_back_to_it(letters: Archive, client: Any, agent: Any) -> None:
    search = started(client)
    values = {"shown": [str(letters.get("a").public_id)], "id": [str(letters.get("a").public_id)], "after": "cursor"}
    answer = client.post(f"/search/{search.public_id}/selection", values)
    assert answer["Location"] == f"/search/{search.public_id}/?after=cursor"
    assert selected(search, letters, agent) == {"a"}


def test_anothers_search_takes_no_ticks(letters: Archive, client: Any, agent: Any, user_of: Any) -> None:
    search = started(client)
    client.force_login(user_of("agent", name="other"))
    assert tick(client, letters, search, "a", "a").status_code == 404 and not Pick.objects.exists()


def test_more_than_can_be_ticked_by_hand_is_refused_whole(
    letters: Archive, client: Any, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picks, "MOST_PICKS", 2)
    search = started(client)
    tick(client, letters, search, "ab", "ab")
    answer = tick(client, letters, search, "cd", "cd")
    assert answer.status_code == 422 and "Select all, or export in parts" in answer.content.decode()
    assert selected(search, letters, agent) == {"a", "b"}


@pytest.mark.parametrize("bad", ["", "no-id", "\x00", "a" * 100])
def test_ids_that_are_none_are_passed_over(letters: Archive, client: Any, agent: Any, bad: str) -> None:
    search = started(client)
    answer = client.post(f"/search/{search.public_id}/selection", {"shown": [bad], "id": [bad]})
    assert answer.status_code == 302 and not Pick.objects.exists()
