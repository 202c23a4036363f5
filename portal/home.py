"""What the home page shows to whom: the last records of those who read, the loads of those who run them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from archive.audit.models import Event
from archive.audit.verbs import Verb
from archive.desk.chips import chips_of
from archive.documents.models import Communication
from archive.documents.selectors import visible_to
from archive.ingest.selectors import list_loads, progress_of
from archive.query import QueryError, parse
from archive.search.models import Search
from archive.search.saved import list_saved
from archive.search.search_forms import FilledForm, list_forms

ROWS = 8


def home_cards(user: Any) -> dict[str, Any]:
    """Return the parts of the home page; a part that a user may not see is absent."""
    cards: dict[str, Any] = {}
    if user.has_perm("archive.view_loads"):
        cards["loads"] = [progress_of(load) for load in list_loads()[0][:ROWS]]
    if user.has_perm("archive.search_communications"):
        cards["forms"] = list_forms(user=user)
        cards["form"] = FilledForm(definition=cards["forms"][0], user=user) if cards["forms"] else None
        cards["saved"] = list_saved(user=user)[:ROWS]
        cards["recent"] = recent_records(user)
        cards["searches"] = last_searches(user)
    if user.has_perm("audit.view_events"):
        cards["events"] = last_troubles()
    return cards


def recent_records(user: Any) -> list[Communication]:
    """Return the records that a user opened last and still may see, the last one first."""
    opened = Event.objects.filter(
        actor_name=user.get_username(), actor_id=str(user.pk), verb=Verb.COMMUNICATION_VIEWED
    ).order_by("-at")
    ids = list(dict.fromkeys(opened.values_list("subject_id", flat=True)[: ROWS * 4]))[:ROWS]
    found = {str(row.public_id): row for row in visible_to(user).filter(public_id__in=[UUID(value) for value in ids])}
    return [found[value] for value in ids if value in found]


def last_searches(user: Any) -> list[Search]:
    """Return the user's last searches, the last one first, each query once."""
    latest = Search.objects.filter(user=user).order_by("-created_at")[: ROWS * 4]
    once: dict[str, Search] = {}
    for search in latest:
        once.setdefault(search.query, search)
    found = list(once.values())[:ROWS]
    for search in found:
        search.words = query_words(search.query, user=user)  # type: ignore[attr-defined]
    return found


def query_words(query: str, *, user: Any) -> str:
    """Return a query as its chips say it; as it is where it cannot be read any more."""
    try:
        chips = chips_of(parse(query), user=user)
    except QueryError:
        return query
    return ", ".join(f"{chip.label} {chip.value}".strip() for chip in chips)


def last_troubles() -> list[tuple[Event, Any]]:
    """Return the last events that were refused or failed, with their labels."""
    wanted = (Event.Outcome.REFUSED, Event.Outcome.FAILED)
    events = Event.objects.filter(outcome__in=wanted).order_by("-at")[:ROWS]
    return [(event, Verb(event.verb).label) for event in events]
