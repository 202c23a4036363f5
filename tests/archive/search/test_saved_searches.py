"""Saved searches: under a name, one's own or shared with a group; whoever opens one finds by his own rights."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied

from archive.audit.actor import Actor
from archive.query import QueryError
from archive.search import saved as saving
from archive.search.models import SavedSearch, Search
from archive.search.saved import (
    SavedSearchError,
    change_saved,
    delete_saved,
    get_own,
    get_saved,
    list_saved,
    open_saved,
    save_search,
    shareable_groups,
)
from archive.search.selectors import resolve
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, events, external_ids, letter, private_texts

VERBS = ("saved_search.created", "saved_search.changed", "saved_search.deleted")
SECRET = "customer:C-77 name:eva"


@pytest.fixture
def records(configured: None, user_of: Any) -> Any:
    """Return a records manager, who may share."""
    return user_of("records")


@pytest.fixture
def agent(configured: None, user_of: Any) -> Any:
    """Return an agent, who may not."""
    return user_of("agent")


def group(name: str) -> Group:
    """Return a role's group."""
    return Group.objects.get(name=name)


def save(user: Any, name: str = "Eva", *, query: str = SECRET, sort: str = "-issued", share: str = "") -> SavedSearch:
    """Search and save that."""
    actor = Actor.of_user(user)
    search = start_search(text=query, user=user, actor=actor, sort=sort)
    return save_search(search=search, name=name, group=group(share) if share else None, actor=actor)


def told(verb: str) -> list[tuple[str, dict[str, str], Any]]:
    """Return who did what is recorded, with the erasable texts and the group."""
    from archive.audit.services import read_leaf

    return [
        (event.actor_name, private_texts(event), read_leaf(event).get("details", {}).get("group"))
        for event in events(verb)
    ]


def test_a_search_is_saved_as_it_stands_and_opens_as_a_new_one(records: Any) -> None:
    saved = save(records, "  Letters \t of\n Eva ", query="customer:C-77   class:bill", sort="account")
    assert (saved.name, saved.query, saved.sort) == ("Letters of Eva", "customer:C-77 class:bill", "account")
    before = Search.objects.count()
    search = open_saved(saved=saved, actor=Actor.of_user(records))
    assert Search.objects.count() == before + 1
    assert (search.user, search.query, search.sort) == (records, saved.query, "account")
    assert [event.verb for event in events(*VERBS)] == ["saved_search.created"]
    assert len(events("search.run")) == 2


def test_each_change_is_recorded_once_and_name_and_query_can_be_erased(records: Any, recorded: Any) -> None:
    saved = save(records, share="records")
    change_saved(saved=saved, name="Eva M.", group=None, actor=Actor.of_user(records))
    saved.refresh_from_db()
    delete_saved(saved=saved, actor=Actor.of_user(records))
    assert told("saved_search.created") == [("records", {"name": "Eva", "query": SECRET}, "records")]
    assert told("saved_search.changed") == [("records", {"name": "Eva M.", "query": SECRET}, None)]
    assert told("saved_search.deleted") == [("records", {"name": "Eva M.", "query": SECRET}, None)]
    for event in events(*VERBS):
        assert b"Eva" not in bytes(event.leaf) and b"C-77" not in bytes(event.leaf)
    assert not SavedSearch.objects.exists()


def test_the_same_name_replaces_ones_own_only(records: Any, agent: Any) -> None:
    first, other = save(records), save(agent)
    again = save(records, query="class:bill", sort="account", share="records")
    assert again.public_id == first.public_id != other.public_id
    assert (again.query, again.sort, again.group) == ("class:bill", "account", group("records"))
    assert get_own(other.public_id, user=agent).query == SECRET
    assert [event.verb for event in events(*VERBS)] == [VERBS[0], VERBS[0], VERBS[1]]


def test_what_is_shared_is_seen_by_the_group_and_by_nobody_else(records: Any, user_of: Any, agent: Any) -> None:
    shared, own = save(records, "Shared", share="records"), save(records, "Own")
    colleague = user_of("records", name="colleague")
    assert [row.name for row in list_saved(user=records)] == ["Own", "Shared"]
    assert list_saved(user=colleague) == [shared] and list_saved(user=agent) == []
    assert get_saved(shared.public_id, user=colleague) == shared
    for row, user in ((own, colleague), (own, agent), (shared, agent)):
        with pytest.raises(SavedSearch.DoesNotExist):
            get_saved(row.public_id, user=user)
    with pytest.raises(SavedSearch.DoesNotExist):
        get_own(shared.public_id, user=colleague)


def test_who_leaves_the_group_sees_it_no_more(records: Any, user_of: Any) -> None:
    save(records, share="records")
    colleague = user_of("records", "agent", name="colleague")
    colleague.groups.remove(group("records"))
    assert list_saved(user=colleague) == []


def test_without_the_right_nothing_is_shared(agent: Any) -> None:
    assert shareable_groups(agent) == []
    with pytest.raises(PermissionDenied):
        save(agent, share="agent")
    assert not SavedSearch.objects.exists() and events(*VERBS) == []


def test_nothing_is_shared_with_a_group_that_one_is_not_in(records: Any) -> None:
    assert shareable_groups(records) == [group("records")]
    saved = save(records)
    with pytest.raises(PermissionDenied):
        change_saved(saved=saved, name="Eva", group=group("agent"), actor=Actor.of_user(records))
    saved.refresh_from_db()
    assert saved.group is None and [event.verb for event in events(*VERBS)] == [VERBS[0]]


def test_nobody_changes_or_deletes_anothers(records: Any, user_of: Any) -> None:
    saved, colleague = save(records, share="records"), Actor.of_user(user_of("records", name="colleague"))
    with pytest.raises(PermissionDenied):
        change_saved(saved=saved, name="Mine", group=None, actor=colleague)
    with pytest.raises(PermissionDenied):
        delete_saved(saved=saved, actor=colleague)
    assert SavedSearch.objects.get().name == "Eva" and len(events(*VERBS)) == 1


def test_who_may_not_search_saves_nothing(configured: None, user_of: Any, agent: Any) -> None:
    search = start_search(text="", user=agent, actor=Actor.of_user(agent))
    with pytest.raises(PermissionDenied):
        save_search(search=search, name="All", group=None, actor=Actor.of_user(user_of("admin")))
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    ("name", "words"), [("", "Give the search a name"), (" \x00\u202e\n", "Give the"), ("x" * 101, "100")]
)
def test_a_name_that_is_none_is_refused(records: Any, name: str, words: str) -> None:
    saved = save(records)
    with pytest.raises(SavedSearchError, match=words):
        save(records, name)
    with pytest.raises(SavedSearchError, match=words):
        change_saved(saved=saved, name=name, group=None, actor=Actor.of_user(records))
    assert SavedSearch.objects.get().name == "Eva" and len(events(*VERBS)) == 1


def test_a_name_of_a_hundred_characters_of_any_script_is_kept(records: Any) -> None:
    assert save(records, "ü🙂مא" * 25).name == "ü🙂مא" * 25


def test_renaming_to_a_name_one_has_is_refused(records: Any, agent: Any) -> None:
    save(agent, "Taken by another")
    first, second = save(records, "First"), save(records, "Second")
    with pytest.raises(SavedSearchError, match="of this name"):
        change_saved(saved=second, name="First", group=None, actor=Actor.of_user(records))
    change_saved(saved=second, name="Taken by another", group=None, actor=Actor.of_user(records))
    change_saved(saved=first, name="First", group=group("records"), actor=Actor.of_user(records))
    assert [row.name for row in list_saved(user=records)] == ["First", "Taken by another"]


def test_there_is_a_limit_but_replacing_goes_on(records: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MOST_SAVED", 2)
    save(records, "A")
    save(records, "B")
    with pytest.raises(SavedSearchError, match="100 saved searches"):
        save(records, "C")
    save(records, "B", query="class:bill")
    assert [(row.name, row.query) for row in list_saved(user=records)] == [("A", SECRET), ("B", "class:bill")]


def test_whoever_opens_it_finds_by_his_own_rights(archive: Archive, user_of: Any) -> None:
    here, there = {"index": {"branch": "012"}}, {"business_unit": "commercial"}
    archive.load(letter("retail", customer_id="C-1", **here), letter("other", customer_id="C-1", **there))
    auditor, both = user_of("auditor"), user_of("agent", name="narrow")
    saved = save(auditor, query="customer:C-1")
    SavedSearch.objects.update(group=group("agent"))
    for user, wanted in ((auditor, {"retail", "other"}), (both, {"retail"})):
        search = open_saved(saved=get_saved(saved.public_id, user=user), actor=Actor.of_user(user))
        assert external_ids(resolve(search.query, user=user).rows) == wanted


def test_a_query_that_ones_rights_do_not_read_is_told_and_not_run(agent: Any, user_of: Any) -> None:
    saved = save(agent, query="name:eva")
    SavedSearch.objects.update(group=group("operations"))
    operator = user_of("operations")
    before = Search.objects.count()
    with pytest.raises(QueryError, match='There is no field "name"'):
        open_saved(saved=get_saved(saved.public_id, user=operator), actor=Actor.of_user(operator))
    assert Search.objects.count() == before and len(events("search.run")) == 1


def test_the_group_may_go_and_the_search_stays_with_its_owner(records: Any) -> None:
    saved = save(records, share="records")
    group("records").delete()
    saved.refresh_from_db()
    assert saved.group is None
