"""Role × object × URL, generated from the resolver: whoever may pass the door still gets only what is his (S-01).

Every route that names an object stands in `ROUTES`; a new one without an entry fails. Who passes the door of a route at
all is the matrix of `test_architecture.py`; here each door is tried with one's own object, somebody else's, one outside
of the row restriction, and one that is not there. The last three answer alike, with 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from archive.audit.ids import uuid7
from archive.audit.models import Event
from archive.batches.models import Load
from archive.desk.models import Export
from archive.documents.models import Note
from archive.search.models import SavedSearch, Search, SearchForm
from tests.archive.documents.archives import Archive, set_rules
from tests.test_architecture import MATRIX, ROLES

MINE, THEIRS, OUTSIDE, ABSENT = "mine", "theirs", "outside", "absent"
SEES = {
    "agent": {MINE},
    "compliance": {MINE},
    "records": set(),
    "operations": {MINE, OUTSIDE},
    "auditor": {MINE, OUTSIDE},
}
"""Which letters a role sees by the rules of these tests; `records` has none."""
NOTES_BY = {"agent", "compliance", "records"}


@dataclass(frozen=True)
class Route:
    """A route that names an object.

    Shapes: `kind` says of what, `mine` is the answer for one's own; `steps` are the values of its last parameter;
    `only` are roles that may do it to what they see, others who see it are refused.
    """

    kind: str
    mine: int
    steps: tuple[str, ...] = ("",)
    only: frozenset[str] | None = None


ROUTES = {
    "search_results": Route("search", 200),
    "search_count": Route("search", 200),
    "search_selection": Route("search", 302),
    "search_save": Route("search", 302),
    "search_export": Route("search", 200),
    "saved_step": Route("saved", 302, ("open", "change", "delete")),
    "search_form": Route("form", 200),
    "export_file": Route("export", 404),  # without the token of its link
    "export_fetch": Route("export", 302),
    "export_step": Route("export", 302, ("stop", "delete")),
    "communication": Route("communication", 200),
    "communication_notes": Route("communication", 422, only=frozenset(NOTES_BY)),  # the note is empty
    "variant_content": Route("communication", 200),
    "variant_download": Route("communication", 200),
    "variant_print": Route("communication", 200),
    "variant_rendition": Route("communication", 404),  # an HTML letter has none
    "variant_page": Route("communication", 404),  # nor pages
    "load": Route("load", 200),
    "load_progress": Route("load", 200),
    "load_rejects": Route("load", 200),
    # It has ended long since.
    "load_step": Route("load", 409, ("pause", "resume", "stop")),
    "audit_event": Route("event", 200),
}


def routes_with_objects(resolver: URLResolver | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (name, parameters) of each route that has parameters."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes_with_objects(entry)
        elif isinstance(entry, URLPattern) and entry.pattern.converters:
            yield str(entry.name), tuple(entry.pattern.converters)


PARAMETERS = dict(routes_with_objects())


def test_every_route_that_names_an_object_stands_here() -> None:
    assert set(PARAMETERS) == set(ROUTES) <= set(MATRIX)


def test_ids_in_urls_are_random_but_for_forms_which_have_names() -> None:
    numbered = {
        name: [parameter for parameter in found if parameter not in ("step", "number", "page")]
        for name, found in PARAMETERS.items()
    }
    assert {tuple(found) for found in numbered.values()} == {("public_id",), ("search_id",), ("key",), ("event_id",)}
    assert [name for name, found in numbered.items() if found == ["key"]] == ["search_form"]


def url_of(name: str, object_id: Any, step: str) -> str:
    """Return the URL of a route for an object."""
    small = {"number": 1, "page": 1, "step": step}
    return reverse(name, kwargs={parameter: small.get(parameter, object_id) for parameter in PARAMETERS[name]})


@pytest.fixture
def objects(configured: None, tmp_path: Path, user_of: Any) -> Callable[[Any], dict[tuple[str, str], Any]]:
    """Return a function that makes for a user the id of each kind of object: his own, somebody else's, one hidden."""
    archive = Archive(tmp_path)
    for name, branch in (("seen", "012"), ("hidden", "099")):
        archive.add_file(name, "a.html", b"<p>A letter</p>", "text/html", index={"branch": branch})
    set_rules(Group.objects.get(name="compliance"), allow=("unit:retail",), deny=("branch:099",))
    other = user_of("auditor", "agent", "compliance", name="somebody-else")
    for key, groups in (("mine", ROLES), ("theirs", ())):
        form = SearchForm.objects.create(key=key, label=key, fields=[])
        form.groups.set(Group.objects.filter(name__in=groups))

    def make(user: Any) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {
            ("communication", MINE): archive.get("seen").public_id,
            ("communication", OUTSIDE): archive.get("hidden").public_id,
            ("load", MINE): Load.objects.latest("pk").public_id,
            ("event", MINE): Event.objects.earliest("pk").event_id,
            ("form", MINE): "mine",
            ("form", THEIRS): "theirs",
            ("form", ABSENT): "none-of-that-name",
        }
        for whose, owner in ((MINE, user), (THEIRS, other)):
            found["search", whose] = search(owner).public_id
            found["saved", whose] = saved(owner).public_id
            found["export", whose] = export(owner).public_id
        return found

    return make


def search(owner: Any) -> Search:
    """Return a search of a user's own."""
    return Search.objects.create(user=owner, query="class:statement", sort="-issued", created_at=timezone.now())


def saved(owner: Any) -> SavedSearch:
    """Return a saved search of a user's own."""
    now = timezone.now()
    return SavedSearch.objects.create(owner=owner, name=str(uuid7()), query="", created_at=now, changed_at=now)


def export(owner: Any) -> Export:
    """Return an export of a user's own that is ready."""
    return Export.objects.create(user=owner, kind="csv", query="", state="ready", created_at=timezone.now())


def expected(route: Route, role: str, whose: str, allowed: set[str]) -> int:
    """Return the status of an answer, from the tables."""
    if role not in allowed:
        return 403
    seen = whose in SEES[role] if route.kind == "communication" else whose == MINE
    if not seen:
        return 404
    return route.mine if route.only is None or role in route.only else 403


def untouched() -> bool:
    """Tell whether everything of somebody else is as it was made."""
    exports = set(Export.objects.exclude(user__username="me").values_list("state", "revision"))
    names = SavedSearch.objects.exclude(owner__username="me").values_list("name", flat=True)
    ticked = Search.objects.exclude(user__username="me").filter(selects_all=True)
    return exports <= {("ready", 0)} and not any(name.startswith("New name") for name in names) and not ticked.exists()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_its_own_and_nothing_else(objects: Any, client: Client, user_of: Any, role: str) -> None:
    user = user_of(*(() if role == "nobody" else (role,)), name="me")
    client.force_login(user)
    wrong, theirs = [], 0
    for name, route in ROUTES.items():
        method, _path, allowed, _status = MATRIX[name]
        for step in route.steps:
            known = objects(user)
            theirs += 1
            for whose in (THEIRS, OUTSIDE, ABSENT, MINE):
                if (route.kind, whose) not in known and whose != ABSENT:
                    continue
                url = url_of(name, known.get((route.kind, whose), uuid7()), step)
                answer = getattr(client, method)(
                    url, {"name": f"New name {step}", "all": "1"} if method == "post" else {}
                )
                if answer.status_code != expected(route, role, whose, allowed):
                    wrong.append((name, step, whose, answer.status_code, expected(route, role, whose, allowed)))
    assert wrong == [] and untouched() and not Note.objects.exists()
    others = SavedSearch.objects.exclude(owner=user).count(), Export.objects.exclude(user=user).count()
    assert others == (theirs, theirs)


def test_nothing_is_told_before_sign_in(objects: Any, client: Client, user_of: Any) -> None:
    known = objects(user_of("agent", name="me"))
    for name, route in ROUTES.items():
        ids = [known.get((route.kind, whose), uuid7()) for whose in (MINE, THEIRS, OUTSIDE, ABSENT)]
        for url in {url_of(name, object_id, step) for object_id in ids for step in route.steps}:
            answer = getattr(client, MATRIX[name][0])(url)
            assert answer.status_code == 302 and answer["Location"] == f"/accounts/login/?next={url}", url
    assert untouched()
