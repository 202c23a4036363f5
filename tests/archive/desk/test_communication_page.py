"""The page of a communication: its forms, who and what, links both ways, why it is kept, who read it, why I see it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group

from archive.documents.models import AccessRule
from archive.documents.selectors import list_links
from archive.documents.timeline import timeline
from portal.accounts.roles import ensure_role
from tests.archive.documents.archives import Archive, letter

SEEN = {"index": {"branch": "012"}}
JOINT = [
    {"role": "holder", "customer_id": "C-1", "name": "Eva Müller", "postcode": "70173", "address": "Am Ring 1"},
    {"role": "joint holder", "customer_id": "C-2", "name": "Max Müller", "postcode": "10115"},
]


@pytest.fixture
def read(client: Any, user_of: Any) -> Any:
    """Return a function: the words of a page for an agent, tags left out."""
    client.force_login(user_of("agent"))

    def page(row: Any, query: str = "") -> str:
        answer = client.get(f"/communications/{row.public_id}/{query}")
        assert answer.status_code == 200
        words = html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))
        return re.sub(r"\s+", " ", words)

    return page


# Forms


def test_each_form_is_a_tab_and_the_first_is_shown(archive: Archive, read: Any, client: Any) -> None:
    variants = [{"channel": "sms", "text": "the short form"}, {"channel": "web", "text": "the web form"}]
    row = archive.add("two", variants=variants, **SEEN)
    assert "the short form" in read(row) and "the web form" not in read(row)
    assert "the web form" in read(row, "?v=web") and "the short form" not in read(row, "?v=web")
    for unknown in ("?v=fax", "?v=", "?v=<script>", "?panel=nothing"):
        assert "the short form" in read(row, unknown)
    text = client.get(f"/communications/{row.public_id}/").content.decode()
    assert re.findall(r'id="variant-[12]" href="[^"]*(\?v=[a-z]+)"', text) == ["?v=sms", "?v=web"]


# Parties


def test_joint_holders_are_all_named_and_the_first_stands_in_the_header(archive: Archive, read: Any) -> None:
    row = archive.add("joint", parties=JOINT, account_number="A1", **SEEN)
    words = read(row, "?panel=details")
    for told in ("holder Eva Müller C-1", "Am Ring 1", "70173", "joint holder Max Müller C-2", "10115"):
        assert told.casefold() in words.casefold()
    assert "Customer Eva Müller" in read(row)


def test_without_the_right_no_name_or_address_stands_anywhere(archive: Archive, client: Any, user_of: Any) -> None:
    row = archive.add("joint", parties=JOINT, **SEEN)
    client.force_login(user_of("operations"))
    for panel in ("timeline", "details", "kept", "access", "notes"):
        text = client.get(f"/communications/{row.public_id}/?panel={panel}").content.decode()
        assert "C-1" in text
        for private in ("Eva ", "Max ", "Müller", "70173", "10115", "Am Ring"):
            assert private not in text
    results = client.post("/search/", {"q": "customer:C-2"}, follow=True).content.decode()
    assert "C-1" in results and "Müller" not in results


# Links


def test_a_replacement_and_what_it_replaces_lead_to_each_other(archive: Archive, read: Any) -> None:
    old = archive.add("old", subject="Old statement", **SEEN)
    new = archive.add(
        "new", subject="New statement", replaces={"external_id": "old", "reason": "wrong balance"}, **SEEN
    )
    assert "Replaces Old statement, 31 Oct 2026 : wrong balance" in read(new, "?panel=details")
    assert "Replaced by New statement, 31 Oct 2026 : wrong balance" in read(old, "?panel=details")
    assert "Replaced by a later one" in read(old, "?panel=timeline")


def test_a_replacement_that_came_first_says_what_it_waits_for(archive: Archive, read: Any) -> None:
    new = archive.add("new", replaces={"external_id": "old", "reason": "wrong balance"}, **SEEN)
    assert "Replaces old (has not arrived) : wrong balance" in read(new, "?panel=details")
    old = archive.add("old", subject="Old statement", **SEEN)
    assert old.state == "superseded"
    assert "Replaces Old statement" in read(new, "?panel=details")
    assert "Replaced by" in read(old, "?panel=details")


@pytest.mark.parametrize(("hidden", "seen"), [("old", "new"), ("new", "old")])
def test_a_link_to_what_is_hidden_leaves_no_trace(
    archive: Archive, read: Any, user_of: Any, hidden: str, seen: str
) -> None:
    branch = {hidden: {"index": {"branch": "099"}}, seen: SEEN}
    archive.load(letter("old", subject="Subject of old", **branch["old"]))
    archive.load(
        letter("new", subject="Subject of new", replaces={"external_id": "old", "reason": "secret"}, **branch["new"])
    )
    words = read(archive.get(seen), "?panel=details")
    assert "Linked communications" not in words and "secret" not in words and f"Subject of {hidden}" not in words
    assert len(list_links(archive.get(seen), user=user_of("auditor"))) == 1


# Retention


def test_why_it_is_kept_stands_there_in_words(archive: Archive, read: Any) -> None:
    words = read(archive.add("kept", issued_on="2026-03-05", **SEEN), "?panel=kept")
    assert "Kept until 31 Dec 2036" in words
    assert "10 years from the end of its calendar year, by the schedule “Ten years”, version 1." in words
    for told in ("issue date", "5 Mar 2026", "31 Dec 2026", "Europe/Berlin"):
        assert told in words
    assert "disposal needs a review and two persons" in words


def test_the_page_claims_no_protection_that_the_store_does_not_give(archive: Archive, read: Any) -> None:
    words = read(archive.add("kept", **SEEN), "?panel=kept")
    assert "This store cannot refuse deletion by its own administrator" in words
    assert "The store itself refuses" not in words


def test_another_class_is_kept_by_its_own_rule(archive: Archive, read: Any, client: Any) -> None:
    row = archive.add("bill", document_class="bill", parties=JOINT, issued_on="2024-02-29")
    words = read(row, "?panel=kept")
    assert "Kept until 1 Mar 2026" in words  # a day earlier would shorten it
    assert "2 years from the day itself, by the schedule “Two years”, version 1." in words


# Timeline


def test_the_timeline_has_every_source_newest_first(archive: Archive, read: Any, client: Any, user_of: Any) -> None:
    row = archive.add("it", **SEEN)
    archive.load(letter("it", variants=[{"channel": "web", "text": "web"}], **SEEN))
    archive.load(letter("later", replaces={"external_id": "it", "reason": "wrong balance"}, **SEEN))
    read(row)
    client.get(f"/communications/{row.public_id}-1/download")
    entries = timeline(row, user=user_of("auditor")).entries
    assert [(str(entry.title), entry.actor) for entry in reversed(entries)] == [
        ("Archived", "Engine"),
        ("Web form added", "Engine"),
        ("Replaced by a later one", "tests"),
        ("Opened the record", "agent"),
        ("Read a form of it", "agent"),
        ("Downloaded", "agent"),
    ]
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    words = read(row)
    for told in ("Archived", "Web form added", "Replaced by a later one", "Downloaded", row.record_number):
        assert told in words


def test_each_entry_leads_to_its_event_for_auditors_only(archive: Archive, client: Any, user_of: Any) -> None:
    row = archive.add("it", **SEEN)
    archive.load(letter("it", variants=[{"channel": "web", "text": "web"}], **SEEN))
    auditor = user_of("auditor")
    client.force_login(auditor)
    url = f"/communications/{row.public_id}/"
    client.get(url)
    assert all(entry.event_id for entry in timeline(row, user=auditor).entries)
    links = re.findall(r'href="(/audit/[0-9a-f-]{36}/)"', client.get(url).content.decode())
    assert len(set(links)) == 4 and all(client.get(link).status_code == 200 for link in links)
    client.force_login(user_of("agent"))
    assert "/audit/" not in client.get(url).content.decode()


# Access


def test_the_page_says_by_which_rule_i_see_it(archive: Archive, read: Any) -> None:
    agent = Group.objects.get(name="agent")
    AccessRule.objects.create(group=agent, effect="allow", expression="branch:012", note="Own branch")
    AccessRule.objects.create(group=agent, effect="allow", expression="branch:014")
    words = read(archive.add("it", **SEEN), "?panel=access")
    assert "As agent you see communications where Unit is Retail." in words
    assert "As agent you see communications where Branch is 012. Own branch" in words
    assert "014" not in words and "unit:" not in words
    assert "Each download is recorded." in words


def test_who_may_not_download_is_offered_none(archive: Archive, client: Any, user_of: Any) -> None:
    group, _new = ensure_role("editor")
    AccessRule.objects.create(group=group, effect="allow", expression="")
    row = archive.add("it", **SEEN)
    client.force_login(user_of("editor"))
    text = client.get(f"/communications/{row.public_id}/?panel=access").content.decode()
    assert "/download" not in text and "Each download is recorded" not in text
    assert client.get(f"/communications/{row.public_id}-1/download").status_code == 403


# What came with it


def test_fields_that_no_class_knows_are_shown_as_they_came(archive: Archive, read: Any) -> None:
    row = archive.add("it", index={"branch": "012", "tags": ["Ａ", "b"]}, print_line="<b>7</b>", batch="JOB7")
    words = read(row, "?panel=details")
    assert "Branch 012" in words and "Tags Ａ, b" in words
    assert "print_line <b>7</b>" in words and "Batch JOB7" in words


def test_the_neighbours_in_the_list_are_one_step_away(archive: Archive, client: Any, user_of: Any) -> None:
    archive.load(*(letter(f"letter-{n}", issued_on=f"2026-10-0{n}", **SEEN) for n in range(1, 4)))
    archive.load(letter("hidden", issued_on="2026-10-02", index={"branch": "099"}))
    client.force_login(user_of("agent"))
    for sort, previous, following in (("-issued", "letter-3", "letter-1"), ("issued", "letter-1", "letter-3")):
        results = client.post("/search/", {"q": "", "sort": sort})["Location"]
        suffix = f"?s={results.split('/')[2]}"
        text = client.get(f"/communications/{archive.get('letter-2').public_id}/{suffix}").content.decode()
        for name, neighbour in (("trail-previous", previous), ("trail-next", following)):
            wanted = f"/communications/{archive.get(neighbour).public_id}/{suffix}&amp;moved=1"
            assert re.search(rf'<a href="{re.escape(wanted)}" id="{name}"', text), (sort, name)
