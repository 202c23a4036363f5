"""Search forms: a page for each, which fills in from a query and builds one."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from archive.audit.actor import Actor
from archive.desk.searches import MAY_SEARCH
from archive.query import Node, QueryError, parse
from archive.search.search_forms import FilledForm, get_form, list_forms
from archive.search.selectors import get_search
from archive.search.services import start_search


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def search_form(request: HttpRequest, key: str) -> HttpResponse:
    """Show a form of the user's groups, filled from his search `?s=`, or take what was filled in and search."""
    try:
        definition = get_form(key, user=request.user)
    except ObjectDoesNotExist:
        raise Http404 from None
    if request.method != "POST":
        form = FilledForm(definition=definition, user=request.user, tree=_tree(request))
        return _page(request, form)
    form = FilledForm(request.POST, definition=definition, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        search = start_search(
            text=form.query_text(),
            user=request.user,
            actor=Actor.of(request),
            sort=definition.sort,
            form_key=definition.key,
        )
    except QueryError as error:
        form.put_error(error)
        return _page(request, form, status=422)
    return redirect("search_results", search_id=search.public_id)


def _page(request: HttpRequest, form: FilledForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "definition": form.definition, "forms": list_forms(user=request.user)}
    return render(request, "desk/forms/form.html", context, status=status)


def _tree(request: HttpRequest) -> Node | None:
    """Return the query of one's own search that the form is to be filled from, or nothing."""
    try:
        return parse(get_search(UUID(request.GET.get("s", "")), user=request.user).query)
    except (ValueError, ObjectDoesNotExist, QueryError):
        return None
