"""Ticks in the list of a search: kept by the server, so that they last across pages and the back button."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from archive.desk.searches import MAY_SEARCH, search_or_404
from archive.query import QueryError
from archive.search.models import Search
from archive.search.picks import TooManyPicksError, clear, pick, select_all, selection_of
from archive.search.words.database import IndexDownError


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_POST
def select(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Take over ticks (`shown` and `id`), or `all`, or none; answers with the bar, or leads back without scripts."""
    search = search_or_404(request, search_id)
    error, status = "", 200
    if "all" in request.POST:
        select_all(search=search)
    elif "none" in request.POST:
        clear(search=search)
    else:
        shown, ticked = _ids(request.POST.getlist("shown")), _ids(request.POST.getlist("id"))
        try:
            pick(search=search, shown=shown, ticked=ticked, user=request.user)
        except TooManyPicksError:
            error, status = _("At most 10,000 can be ticked one by one. Select all, or export in parts."), 422
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "desk/_selection_bar.html", selection_context(search, request, error), status=status)
    place = {name: request.POST[name] for name in ("after", "before") if request.POST.get(name)}
    url = reverse("search_results", args=[search.public_id])
    return redirect(f"{url}?{urlencode(place)}" if place else url)


def selection_context(search: Search, request: HttpRequest, error: str = "") -> dict[str, Any]:
    """Return what the bar shows."""
    try:
        selection = selection_of(search, user=request.user)
    except (QueryError, IndexDownError):
        selection = None
    return {"search": search, "selection": selection, "selection_error": error}


def _ids(texts: Iterable[str]) -> set[UUID]:
    found: set[UUID] = set()
    for text in list(texts)[:1000]:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found
