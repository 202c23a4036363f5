"""The page of the word index, for operators: what is indexed, what waits, what failed, and building it again."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive.audit.actor import Actor
from archive.search.index_selectors import get_index_state, last_item
from archive.search.index_work import REBUILD, REBUILD_PERMISSION, request_rebuild
from archive.search.words.database import IndexDownError

_SEE = "archive.view_loads"


@login_required
@permission_required(_SEE, raise_exception=True)
@require_safe
def text_index(request: HttpRequest) -> HttpResponse:
    """Show the word index; to a script its figures alone, while somebody works on it."""
    context: dict[str, Any] = {"may_rebuild": request.user.has_perm(REBUILD_PERMISSION)}
    try:
        context["state"] = get_index_state(request.user)
    except IndexDownError as error:
        context |= {"problem": str(error), "rebuild": last_item(REBUILD)}
    template = "search_index/_figures.html" if request.htmx else "search_index/page.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@login_required
@permission_required(REBUILD_PERMISSION, raise_exception=True)
@require_POST
def text_index_rebuild(request: HttpRequest) -> HttpResponse:
    """Ask for a rebuild; asking again while one is open changes nothing."""
    request_rebuild(actor=Actor.of(request))
    return redirect("text_index")
