"""A search of the user's own for a page, or 404."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest

from archive.audit.actor import Actor
from archive.search.models import Search
from archive.search.services import open_search

MAY_SEARCH = "archive.search_communications"
"""What every page of searching and reading asks for."""


def search_or_404(request: HttpRequest, search_id: UUID) -> Search:
    """Return a search that is about to be shown again, which may be recorded; 404 for anybody else's."""
    try:
        return open_search(search_id, actor=Actor.of(request))
    except ObjectDoesNotExist:
        raise Http404 from None
