"""Start a search: a row with an opaque id, and its event, committed before anything is shown."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.query import to_text
from archive.search.models import Search
from archive.search.paging import SORTS
from archive.search.selectors import resolve


def start_search(*, text: str, user: Any, actor: Actor, sort: str = "-issued") -> Search:
    """Check a query, keep it under an opaque id and record it.

    Errors: PermissionDenied; QueryError.
    """
    require(actor, "archive.search_communications")
    found = resolve(text, user=user)
    canonical = to_text(found.tree)
    with transaction.atomic():
        search = Search.objects.create(
            user=user, query=canonical, sort=sort if sort in SORTS else "-issued", created_at=timezone.now()
        )
        audit.record(actor=actor, verb=Verb.SEARCH_RUN, subject=search, private={"query": canonical})
    return search


def sorted_search(search: Search, *, sort: str, actor: Actor) -> Search:
    """Return the same query in another order, as a search of its own."""
    return start_search(text=search.query, user=search.user, actor=actor, sort=sort)
