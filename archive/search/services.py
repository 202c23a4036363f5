"""Start a search: a row with an opaque id, and its event, committed before anything is shown."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.services import VIEW_SECONDS
from archive.audit.verbs import Verb
from archive.query import to_text
from archive.search.models import Search
from archive.search.paging import SORTS
from archive.search.selectors import get_search, resolve


def start_search(*, text: str, user: Any, actor: Actor, sort: str = "-issued", form_key: str = "") -> Search:
    """Check a query, keep it under an opaque id and record it; `form_key` is the search form that it came from.

    Errors: PermissionDenied; QueryError.
    """
    require(actor, "archive.search_communications")
    found = resolve(text, user=user)
    canonical = to_text(found.tree)
    with transaction.atomic():
        search = Search.objects.create(
            user=user,
            query=canonical,
            sort=sort if sort in SORTS else "-issued",
            form_key=form_key,
            created_at=timezone.now(),
        )
        audit.record(actor=actor, verb=Verb.SEARCH_RUN, subject=search, private={"query": canonical})
    return search


def open_search(public_id: UUID, *, actor: Actor) -> Search:
    """Return a search of the actor's own that is about to be shown again.

    Shapes: what it finds may have changed since, so a search that is opened later than a quarter of an hour after it
    was run is recorded as run again, once in a quarter of an hour; committed when this returns.
    Errors: Search.DoesNotExist for anybody else's too.
    """
    search = get_search(public_id, user=actor.user)
    if timezone.now() - search.created_at > datetime.timedelta(seconds=VIEW_SECONDS):
        audit.record_view(actor=actor, verb=Verb.SEARCH_RUN, subject=search, private={"query": search.query})
    return search
