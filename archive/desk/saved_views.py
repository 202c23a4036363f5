"""Saved searches: save the present one, open, rename, share, delete."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import Group
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from archive.audit.actor import Actor
from archive.desk.searches import MAY_SEARCH, search_or_404
from archive.query import QueryError
from archive.search.models import SavedSearch
from archive.search.saved import (
    SavedSearchError,
    change_saved,
    delete_saved,
    get_own,
    get_saved,
    list_saved,
    open_saved,
    save_search,
    shareable_groups,
)

_MAY = permission_required(MAY_SEARCH, raise_exception=True)


@login_required
@_MAY
@require_safe
def saved_list(request: HttpRequest) -> HttpResponse:
    """Show my saved searches and those shared with my groups."""
    return _list(request)


def _list(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {"saved": list_saved(user=request.user), "groups": shareable_groups(request.user), "error": error}
    return render(request, "desk/saved.html", context, status=status)


@login_required
@_MAY
@require_POST
def saved_save(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Save a search of mine under a name."""
    search = search_or_404(request, search_id)
    try:
        saved = save_search(
            search=search, name=request.POST.get("name", ""), group=_group(request), actor=Actor.of(request)
        )
    except SavedSearchError as error:
        messages.error(request, str(error), extra_tags="bad")
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name}, extra_tags="ok")
    return redirect("search_results", search_id=search.public_id)


@login_required
@_MAY
@require_POST
def saved_step(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Open a saved search, or change or delete one of mine."""
    actor = Actor.of(request)
    try:
        if step == "open":
            search = open_saved(saved=get_saved(public_id, user=request.user), actor=actor)
            return redirect("search_results", search_id=search.public_id)
        saved: SavedSearch = get_own(public_id, user=request.user)
        if step == "change":
            change_saved(saved=saved, name=request.POST.get("name", ""), group=_group(request), actor=actor)
        elif step == "delete":
            delete_saved(saved=saved, actor=actor)
        else:
            raise Http404
    except ObjectDoesNotExist:
        raise Http404 from None
    except SavedSearchError as error:
        return _list(request, error=str(error), status=422)
    except QueryError as error:
        return _list(request, error=error.message, status=422)
    return redirect("saved_searches")


def _group(request: HttpRequest) -> Group | None:
    """Return the group to share with; whether that may be is the service's to say."""
    name = request.POST.get("group", "")
    if not name:
        return None
    try:
        return Group.objects.get(name=name)
    except Group.DoesNotExist:
        raise Http404 from None
