"""The log's pages, for auditors: they read everything here and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from archive import audit
from archive.audit.actor import Actor
from archive.audit.csv_export import csv_rows
from archive.audit.forms import EventFilterForm
from archive.audit.selectors import EventFilter, get_event, list_events, page_of_events
from archive.audit.services import instant, read_leaf
from archive.audit.verbs import Verb

LOG = ("log", "events")
COLUMNS = ("at_utc", "verb", "outcome", "actor_kind", "actor", "subject_kind", "subject", "event", "leaf")


def _zone(request: HttpRequest) -> ZoneInfo:
    return ZoneInfo(getattr(request.user, "time_zone", "") or settings.DISPLAY_TIME_ZONE)


@login_required
@permission_required("audit.view_events", raise_exception=True)
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Show the log with filters; that it was read is recorded, once in a quarter of an hour."""
    audit.record_view(actor=Actor.of(request), verb=Verb.EVENTS_VIEWED, subject=LOG)
    form = EventFilterForm(request.GET or None)
    valid = form.is_bound and form.is_valid()
    wanted = form.wanted(_zone(request)) if valid else EventFilter()
    page = page_of_events(list_events(wanted), cursor=request.GET.get("cursor", ""))
    query = request.GET.copy()
    query.pop("cursor", None)
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "rows": [(event, Verb(event.verb).label) for event in page.events],
        "filters": query.urlencode(),
        "may_export": request.user.has_perm("audit.export_events"),
    }
    return render(request, "audit/events.html", context, status=422 if form.is_bound and not valid else 200)


@login_required
@permission_required("audit.export_events", raise_exception=True)
@require_POST
def events_csv(request: HttpRequest) -> HttpResponseBase:
    """Send what the filters find as CSV; the export is recorded before the first byte leaves."""
    form = EventFilterForm(request.POST)
    if not form.is_valid():
        return render(request, "audit/events.html", {"form": form, "rows": [], "page": None}, status=422)
    wanted = form.wanted(_zone(request))
    used = {name: str(value) for name, value in form.cleaned_data.items() if value}
    audit.record_read(actor=Actor.of(request), verb=Verb.EVENTS_EXPORTED, subject=LOG, private=used or None)
    response = StreamingHttpResponse(csv_rows(COLUMNS, _rows(wanted)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit-events.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _rows(wanted: EventFilter) -> Iterator[tuple[object, ...]]:
    for event in list_events(wanted).iterator(chunk_size=500):
        yield (
            instant(event.at),
            event.verb,
            event.outcome,
            event.actor_kind,
            event.actor_name,
            event.subject_kind,
            event.subject_id,
            event.event_id,
            bytes(event.leaf),
        )


@login_required
@permission_required("audit.view_events", raise_exception=True)
@require_safe
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show one event: what it says, and the exact bytes that are hashed."""
    try:
        found, private = get_event(event_id)
    except ObjectDoesNotExist:
        raise Http404 from None
    audit.record_view(actor=Actor.of(request), verb=Verb.EVENTS_VIEWED, subject=LOG)
    context = {
        "event": found,
        "label": Verb(found.verb).label,
        "said": read_leaf(found),
        "leaf": bytes(found.leaf).decode(),
        "private": private,
    }
    return render(request, "audit/event.html", context)
