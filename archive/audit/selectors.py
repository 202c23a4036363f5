"""Reading the log."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet

from archive.audit.models import Event, EventPrivate
from archive.audit.verbs import Verb

PAGE_ROWS = 100
_SALT = "archive.audit.cursor"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What to look for; empty parts do not narrow.

    Units: `first` and `after` are instants; `after` is not included.
    """

    actor: str = ""
    group: str = ""
    subject: str = ""
    outcome: str = ""
    first: datetime.datetime | None = None
    after: datetime.datetime | None = None


def list_events(wanted: EventFilter) -> QuerySet[Event]:
    """Return the events that fit, newest first. Only for those who may see the whole log: callers check."""
    query = Event.objects.all()
    if wanted.actor:
        query = query.filter(actor_name=wanted.actor)
    if wanted.group:
        query = query.filter(verb__in=[str(verb) for verb in Verb if verb.group == wanted.group])
    if wanted.subject:
        query = query.filter(subject_id=wanted.subject)
    if wanted.outcome:
        query = query.filter(outcome=wanted.outcome)
    if wanted.first:
        query = query.filter(at__gte=wanted.first)
    if wanted.after:
        query = query.filter(at__lt=wanted.after)
    return query.order_by("-at", "-pk")


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, and cursors where more lie after or before them."""

    events: list[Event]
    older: str
    newer: str


def page_of_events(query: QuerySet[Event], *, cursor: str = "", limit: int = PAGE_ROWS) -> EventPage:
    """Return one page; a cursor that is not ours gives the first."""
    position, back = _read(cursor)
    if position is None:
        found = list(query[: limit + 1])
    elif back:
        at, pk = position
        beyond = query.filter(Q(at__gt=at) | Q(at=at, pk__gt=pk)).order_by("at", "pk")
        found = list(beyond[: limit + 1])
    else:
        at, pk = position
        found = list(query.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))[: limit + 1])
    more = len(found) > limit
    events = found[:limit]
    if back:
        events.reverse()
    older = _write(events[-1], back=False) if events and (more or back) else ""
    newer = _write(events[0], back=True) if events and (more if back else position is not None) else ""
    return EventPage(events, older, newer)


def get_event(event_id: UUID) -> tuple[Event, dict[str, Any]]:
    """Return an event and its private texts, where they are not erased. Errors: Event.DoesNotExist."""
    event = Event.objects.get(event_id=event_id)
    private = EventPrivate.objects.filter(event_id=event_id).first()
    return event, private.texts if private else {}


def _write(event: Event, *, back: bool) -> str:
    return signing.dumps([event.at.isoformat(), event.pk, back], salt=_SALT)


def _read(cursor: str) -> tuple[tuple[datetime.datetime, int] | None, bool]:
    try:
        at, pk, back = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None, False
    return (datetime.datetime.fromisoformat(at), int(pk)), bool(back)
