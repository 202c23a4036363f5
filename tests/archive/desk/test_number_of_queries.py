"""No list makes more queries with more rows: counted at 2 and at 40."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive import audit
from archive.audit.actor import Actor
from archive.audit.ids import uuid7
from archive.audit.verbs import Verb
from archive.batches.models import Load
from archive.documents.models import PartyAlias
from archive.documents.services import NewAlias, add_aliases
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, letter

FEW, MANY = 2, 40


def queries(action: Callable[[], Any]) -> int:
    """Return how many queries something makes the second time, when views are recorded and tables are known."""
    action()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        action()
    return len(captured)


@pytest.fixture
def get(client: Any, user_of: Any) -> Callable[[str], int]:
    """Return a function that counts the queries of a page for an auditor."""
    client.force_login(user_of("auditor"))

    def count(url: str) -> int:
        def ask() -> None:
            answer = client.get(url)
            assert answer.status_code == 200, answer.status_code

        return queries(ask)

    return count


def replaced_pairs(first: int, last: int) -> list[dict[str, Any]]:
    """Return letters, each with two parties and index fields, and one that replaces each of them."""
    records: list[dict[str, Any]] = []
    for number in range(first, last):
        parties = [{"role": "holder", "customer_id": f"C-{number}", "name": "Eva Müller", "postcode": "70173"}] * 2
        facts = {"parties": parties, "index": {"branch": "012", "tags": ["a", "b"]}, "account_number": "A1"}
        records.append(letter(f"old-{number}", **facts))
        records.append(letter(f"new-{number}", **facts, replaces={"external_id": f"old-{number}", "reason": "typo"}))
    return records


@pytest.mark.parametrize("text", ["", "account:A1", "name:eva branch:012 tags:a customer:C-1,C-2"])
def test_the_hit_list(archive: Archive, get: Any, user_of: Any, client: Any, text: str) -> None:
    user = client.get("/").wsgi_request.user
    archive.load(*replaced_pairs(0, FEW))
    search = start_search(text=text, user=user, actor=Actor.of_user(user))
    pages = [f"/search/{search.public_id}/", f"/search/{search.public_id}/count"]
    few = [get(page) for page in pages]
    archive.load(*replaced_pairs(FEW, MANY))
    assert [get(page) for page in pages] == few
    assert few[0] <= 30 and few[1] <= 17  # the count comes with facets: labels of classes and units


def test_a_later_page_of_the_list(archive: Archive, get: Any, client: Any) -> None:
    user = client.get("/").wsgi_request.user
    search = start_search(text="state:current,superseded", user=user, actor=Actor.of_user(user))
    archive.load(*replaced_pairs(0, MANY))
    first = get(f"/search/{search.public_id}/")
    after = client.get(f"/search/{search.public_id}/").context["page"].after
    assert get(f"/search/{search.public_id}/?after={after}") == first + 1


def test_the_search_command(archive: Archive, user_of: Any) -> None:
    user_of("auditor")
    archive.load(*replaced_pairs(0, FEW))

    def search() -> int:
        return queries(lambda: call_command("search", "", "--as", "auditor", "--json", stdout=io.StringIO()))

    few = search()
    archive.load(*replaced_pairs(FEW, MANY))
    assert search() == few


def _record(parties: int, links: int, index: int) -> list[dict[str, Any]]:
    """Return one letter with so many parties and index fields, and letters that are linked with it."""
    people = [{"role": "joint", "customer_id": f"C-{n}", "name": f"Eva {n}"} for n in range(parties)]
    tags = [f"tag-{n}" for n in range(index)]
    later = [letter(f"later-{n}", replaces={"external_id": "it", "reason": "typo"}) for n in range(links)]
    return [letter("it", parties=people, index={"branch": "012", "tags": tags}, unknown=tags), *later]


@pytest.mark.parametrize("panel", ["timeline", "details", "kept", "access", "notes"])
def test_the_page_of_a_communication(archive: Archive, get: Any, tmp_path: Any, panel: str) -> None:
    archive.load(*_record(FEW, FEW, FEW))
    few = get(f"/communications/{archive.get('it').public_id}/?panel={panel}")
    records = [{**record, "external_id": f"many-{record['external_id']}"} for record in _record(MANY, MANY, MANY)]
    for record in records[1:]:
        record["replaces"] = {"external_id": "many-it", "reason": "typo"}
    archive.load(*records)
    row = archive.get("many-it")
    assert get(f"/communications/{row.public_id}/?panel={panel}") == few <= 40


def test_the_page_of_a_communication_whose_forms_came_one_by_one(archive: Archive, get: Any) -> None:
    def late(external_id: str, channels: tuple[str, ...]) -> str:
        archive.load(letter(external_id))
        for channel in channels:
            archive.load(letter(external_id, variants=[{"channel": channel, "text": "later"}]))
        return f"/communications/{archive.get(external_id).public_id}/"

    few = get(late("few", ("web",)))
    many = get(late("many", ("web", "email", "mobile", "print", "fax")))
    assert many == few


def test_the_page_of_a_communication_that_many_people_read(archive: Archive, get: Any) -> None:
    row = archive.add("read")
    few = get(f"/communications/{row.public_id}/")
    for number in range(MANY):
        reader = Actor("user", f"reader-{number}", f"reader-{number}")
        audit.record_view(actor=reader, verb=Verb.COMMUNICATION_VIEWED, subject=row)
    assert get(f"/communications/{row.public_id}/") == few


def _loads(count: int) -> None:
    """Write copies of the first load."""
    template = Load.objects.order_by("pk")[0]
    for _ in range(count):
        template.pk, template.public_id, template._state.adding = None, uuid7(), True
        template.save()


def test_the_list_of_loads_and_the_home_page(archive: Archive, get: Any) -> None:
    archive.load(letter("one"))
    _loads(FEW - 1)
    pages = ("/loads/", "/")
    few = [get(page) for page in pages]
    _loads(MANY - FEW)
    assert Load.objects.count() == MANY
    assert [get(page) for page in pages] == few


def test_the_page_of_a_load(archive: Archive, get: Any) -> None:
    few = get(f"/loads/{archive.load(*(letter(f'few-{n}', batch=f'few-{n}') for n in range(FEW))).public_id}/")
    many = archive.load(*(letter(f"many-{n}", batch=f"many-{n}") for n in range(MANY)))
    assert get(f"/loads/{many.public_id}/") == few


def test_the_log(archive: Archive, get: Any) -> None:
    few = get("/audit/")
    actor = Actor.system("tests")
    add_aliases([NewAlias("retail", "account", f"A{n}", f"B{n}", "merger") for n in range(MANY)], actor=actor)
    assert PartyAlias.objects.count() == MANY
    assert get("/audit/") == few
