"""Pages of search forms and saved searches: filled in, searched, changed, saved, opened; errors keep the input."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.search.models import SavedSearch, Search, SearchForm
from tests.archive.documents.archives import Archive, events, letter, private_texts

FIELDS = [
    {"field": "words", "operator": "contains", "label": "Words in the letter"},
    {"field": "customer", "operator": "is", "help": "As on the letter"},
    {"field": "name", "operator": "is"},
    {"field": "issued", "operator": "between", "default": "2026-01-01.."},
    {"field": "class", "operator": "any"},
    {"field": "unit", "operator": "is"},
]
VERBS = ("saved_search.created", "saved_search.changed", "saved_search.deleted")
ABSENT = "01920000-0000-7000-8000-000000000000"


@pytest.fixture
def form(archive: Archive) -> SearchForm:
    """Make a form of the agents and of those who operate."""
    made = SearchForm.objects.create(
        key="letters", label="Letters", help="What you know.", fields=FIELDS, columns=["balance"], sort="account"
    )
    made.groups.set(Group.objects.filter(name__in=["agent", "operations", "records"]))
    return made


@pytest.fixture
def agent(form: SearchForm, user_of: Any, client: Any) -> Any:
    """Return an agent, who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def page(client: Any, path: str, status: int = 200) -> str:
    """Return what a page says."""
    answer = client.get(path)
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def sent(client: Any, path: str, status: int, **values: Any) -> str:
    """Send a form; return where it leads, or what the page says."""
    answer = client.post(path, values)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer["Location"]) if status == 302 else html.unescape(answer.content.decode())


def search(client: Any, text: str) -> Search:
    """Search by the box."""
    return Search.objects.get(public_id=sent(client, "/search/", 302, q=text).split("/")[2])


def test_a_form_is_filled_in_and_finds(archive: Archive, agent: Any, client: Any) -> None:
    def one(number: str, subject: str) -> dict[str, Any]:
        index = {"branch": f"01{number}", "balance": f"{number}.50"}
        return letter(number, customer_id="C-1", account_number=number, subject=subject, index=index)

    archive.load(one("2", "Second"), one("1", "First"))
    text = page(client, "/search/forms/letters/")
    assert "What you know." in text and "As on the letter" in text and 'value="2026-01-01"' in text
    assert "Other conditions" not in text and "data-focus-first" in text
    results = sent(client, "/search/forms/letters/", 302, f1="C-1", f3_from="2026-01-01", f4="statement", f5="retail")
    row = Search.objects.get()
    assert (row.query, row.sort, row.form_key) == (
        "customer:C-1 issued:2026-01-01.. class:statement unit:retail",
        "account",
        "letters",
    )
    assert "C-1" not in results and [private_texts(event) for event in events("search.run")] == [{"query": row.query}]
    text = page(client, results)
    assert text.index("First") < text.index("Second"), "in the order of the form"
    assert re.search(r">\s*Balance", text) and not re.search(r"<th[^>]*>\s*Branch", text), (
        "with the columns of the form"
    )


def test_the_results_lead_back_to_the_form_as_it_was_filled_in(agent: Any, client: Any) -> None:
    results = sent(client, "/search/forms/letters/", 302, f0='"late fee"', f1="C-1", f4="bill", rest="language:de")
    back = re.search(r'href="(/search/forms/letters/\?s=[^"]+)"', page(client, results))
    assert back and "C-1" not in back.group(1)
    text = page(client, back.group(1))
    assert """value='"late fee"'""" in text or 'value=""late fee""' in text
    assert 'value="C-1"' in text and 'value="language:de"' in text and "Other conditions" in text
    assert re.search(r'value="bill"[^>]*checked', text) and 'value="2026-01-01"' not in text


def test_a_form_that_finds_nothing_says_so(agent: Any, client: Any) -> None:
    answer = client.get(sent(client, "/search/forms/letters/", 302, f1="C-1"))
    assert answer.status_code == 200 and b"No communication matches" in answer.content


def test_a_form_is_filled_from_ones_own_searches_only(agent: Any, client: Any, user_of: Any) -> None:
    search(client, "customer:C-77")
    mine = Search.objects.get().public_id
    assert 'value="C-77"' in page(client, f"/search/forms/letters/?s={mine}")
    client.force_login(user_of("operations"))
    for other in (mine, ABSENT, "no-id", ""):
        text = page(client, f"/search/forms/letters/?s={other}")
        assert "C-77" not in text and 'value="2026-01-01"' in text


def test_a_form_of_another_group_is_not_found(agent: Any, client: Any, user_of: Any, form: SearchForm) -> None:
    form.groups.set(Group.objects.filter(name="auditor"))
    for key in ("letters", "absent"):
        assert client.get(f"/search/forms/{key}/").status_code == 404
        assert client.post(f"/search/forms/{key}/", {"f1": "C-1"}).status_code == 404
    client.force_login(user_of("admin"))
    assert client.get("/search/forms/letters/").status_code == 403
    assert not Search.objects.exists() and events("search.run") == []


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"f0": 'fee "late'}, "f0", "The quote at character 5 is not closed"),
        ({"f0": "customer:C-1"}, "f0", "conditions have fields of their own"),
        ({"f1": "*"}, "f1", "Write how it begins before the *"),
        ({"f1": "C\x01"}, "f1", "is a control character"),
        ({"f2": "…"}, "f2", "A name needs at least one letter"),
        ({"f3_from": "2026-02-01", "f3_to": "2026-01-01"}, "f3_to", "before the first one"),
        ({"f3_from": "9999-01-01"}, "f3_from", "does not exist"),
        ({"rest": "brnch:1"}, "rest", "Did you mean branch:"),
        ({"rest": "(a"}, "rest", "is not closed"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_input_is_kept(
    agent: Any, client: Any, values: dict[str, str], field: str, words: str
) -> None:
    text = sent(client, "/search/forms/letters/", 422, **{"f5": "retail", "f1": "C-88", **values})
    assert "Nothing was searched yet" in text and words in text
    assert re.search(rf'id="id_{field}"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*id="id_{field}"', text)
    assert f'href="#id_{field}"' in text
    assert re.search(r'<option value="retail" selected', text)
    assert 'value="C-88"' in text or "f1" in values
    assert not Search.objects.exists() and events("search.run") == []


def test_a_query_of_brackets_is_refused_in_a_form_as_in_the_box(agent: Any, client: Any) -> None:
    for rest in ("(" * 5000, "a " * 4_900, "x" * 20_000, "\u202e" * 300 + '"'):
        assert "Nothing was searched yet" in sent(client, "/search/forms/letters/", 422, rest=rest)


def test_without_the_right_a_form_has_no_names(form: SearchForm, client: Any, user_of: Any) -> None:
    client.force_login(user_of("operations"))
    assert ">Name<" not in page(client, "/search/forms/letters/")
    sent(client, "/search/forms/letters/", 302, f1="C-1")
    assert Search.objects.get().query == "customer:C-1"


def test_the_first_page_is_the_first_form_of_the_role(agent: Any, client: Any, form: SearchForm) -> None:
    other = SearchForm.objects.create(key="first", label="First of all", fields=[FIELDS[1]], position=0)
    other.groups.set(Group.objects.filter(name="agent"))
    SearchForm.objects.filter(key="letters").update(position=1)
    text = page(client, "/")
    assert 'action="/search/forms/first/"' in text and 'href="/search/forms/letters/"' in text
    assert text.count("data-focus-first") == 1
    SearchForm.objects.all().delete()
    assert "data-focus-first" not in page(client, "/")


def test_a_search_is_saved_opened_renamed_and_deleted(agent: Any, client: Any) -> None:
    row = search(client, "customer:C-1")
    assert sent(client, f"/search/{row.public_id}/save", 302, name="Eva <b>") == f"/search/{row.public_id}/"
    assert "Saved as “Eva <b>”." in page(client, f"/search/{row.public_id}/")
    saved = SavedSearch.objects.get()
    assert b"Eva &lt;b&gt;" in client.get("/search/saved/").content and "Eva <b>" in page(client, "/")
    opened = sent(client, f"/search/saved/{saved.public_id}/open/", 302)
    assert opened != f"/search/{row.public_id}/" and 'value="customer:C-1"' in page(client, opened)
    assert sent(client, f"/search/saved/{saved.public_id}/change/", 302, name="Eva M") == "/search/saved/"
    assert sent(client, f"/search/saved/{saved.public_id}/delete/", 302) == "/search/saved/"
    assert "No search was saved yet" in page(client, "/search/saved/")
    assert [event.verb for event in events(*VERBS)] == list(VERBS)
    assert client.post(f"/search/saved/{saved.public_id}/delete/").status_code == 404, "deleted twice"


def test_anothers_search_or_saved_search_is_not_found(agent: Any, client: Any, user_of: Any) -> None:
    row = search(client, "customer:C-1")
    sent(client, f"/search/{row.public_id}/save", 302, name="Mine")
    saved = SavedSearch.objects.get()
    client.force_login(user_of("operations"))
    for path in (
        f"/search/{row.public_id}/save",
        f"/search/{ABSENT}/save",
        *(f"/search/saved/{one}/{step}/" for one in (saved.public_id, ABSENT) for step in ("open", "change", "delete")),
    ):
        assert client.post(path, {"name": "Other"}).status_code == 404, path
    client.force_login(agent)
    assert client.post(f"/search/saved/{saved.public_id}/burn/").status_code == 404
    assert client.get(f"/search/saved/{saved.public_id}/delete/").status_code == 405
    assert SavedSearch.objects.get().name == "Mine" and len(events(*VERBS)) == 1


def test_sharing_is_offered_and_taken_by_right_only(agent: Any, client: Any, user_of: Any) -> None:
    row = search(client, "class:bill")
    assert 'name="group"' not in page(client, f"/search/{row.public_id}/")
    assert client.post(f"/search/{row.public_id}/save", {"name": "A", "group": "agent"}).status_code == 403
    client.force_login(user_of("records"))
    row = search(client, "class:bill")
    assert "<option>records</option>" in page(client, f"/search/{row.public_id}/")
    assert client.post(f"/search/{row.public_id}/save", {"name": "A", "group": "agent"}).status_code == 403
    assert client.post(f"/search/{row.public_id}/save", {"name": "A", "group": "none"}).status_code == 404
    assert not SavedSearch.objects.exists() and events(*VERBS) == []
    sent(client, f"/search/{row.public_id}/save", 302, name="Bills", group="records")
    client.force_login(user_of("records", name="colleague"))
    text = page(client, "/search/saved/")
    assert "Bills" in text and "/delete/" not in text and "/change/" not in text
    sent(client, f"/search/saved/{SavedSearch.objects.get().public_id}/open/", 302)


def test_a_name_that_is_none_is_told_and_nothing_is_saved(agent: Any, client: Any) -> None:
    row = search(client, "class:bill")
    results = sent(client, f"/search/{row.public_id}/save", 302, name="  ")
    assert "Give the search a name." in page(client, results) and not SavedSearch.objects.exists()
    for name in ("A", "B"):
        sent(client, f"/search/{row.public_id}/save", 302, name=name)
    second = SavedSearch.objects.get(name="B")
    assert "of this name" in sent(client, f"/search/saved/{second.public_id}/change/", 422, name="A")
    assert [event.verb for event in events(*VERBS)] == [VERBS[0], VERBS[0]]


def test_a_saved_query_that_ones_rights_do_not_read_is_told(agent: Any, client: Any, user_of: Any) -> None:
    row = search(client, "name:eva")
    sent(client, f"/search/{row.public_id}/save", 302, name="Eva")
    SavedSearch.objects.update(group=Group.objects.get(name="operations"))
    client.force_login(user_of("operations"))
    text = sent(client, f"/search/saved/{SavedSearch.objects.get().public_id}/open/", 422)
    assert 'There is no field "name"' in text and "Eva" in text


def test_who_may_not_search_has_no_saved_searches(form: SearchForm, client: Any, user_of: Any) -> None:
    client.force_login(user_of("admin"))
    assert client.get("/search/saved/").status_code == 403
    assert client.post(f"/search/saved/{ABSENT}/open/").status_code == 403


def test_the_number_of_queries_grows_with_nothing(archive: Archive, agent: Any, client: Any) -> None:
    def asked(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    def more(name: str) -> None:
        row = archive.add(name, customer_id="C-1", index={"branch": "012"})
        client.get(f"/communications/{row.public_id}/")
        found = search(client, f"customer:C-{name} class:bill issued:2026")
        sent(client, f"/search/{found.public_id}/save", 302, name=name)
        made = SearchForm.objects.create(key=name, label=name, fields=FIELDS, position=9)
        made.groups.set(Group.objects.filter(name="agent"))

    pages = ("/", "/search/forms/letters/", "/search/saved/")
    more("one")
    before = [asked(path) for path in pages]
    for number in range(6):
        more(f"more{number}")
    assert [asked(path) for path in pages] == before and max(before) < 40, before


def test_a_changed_search_stays_with_its_form_and_another_groups_form_is_none_of_it(
    archive: Archive, client: Any, user_of: Any
) -> None:
    from django.contrib.auth.models import Group

    from archive.search.models import Search, SearchForm

    fields = [{"field": "account", "operator": "is"}]
    for key, role in (("own", "auditor"), ("others", "agent")):
        SearchForm.objects.create(key=key, label=key, fields=fields).groups.add(Group.objects.get(name=role))
    client.force_login(user_of("auditor"))
    for key, kept in (("own", "own"), ("others", ""), ("none", "")):
        place = client.post("/search/", {"q": "class:statement", "form": key})["Location"]
        assert Search.objects.get(public_id=place.split("/")[2]).form_key == kept
