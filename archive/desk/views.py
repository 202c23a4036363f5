"""The agent's pages: search, hit list, communication. Joins what lies below; has no rules of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.desk.chips import chips_of
from archive.desk.record import record_context
from archive.documents.models import Communication
from archive.documents.selectors import describe_scope, get_communication
from archive.query import QueryError
from archive.search.forms import ConditionsForm, form_values
from archive.search.models import Search
from archive.search.paging import SORTS, BadCursorError
from archive.search.selectors import (
    Found,
    count,
    count_superseded,
    get_page,
    get_search,
    hit_list,
    neighbours,
    resolve,
)
from archive.search.services import open_search, start_search

MAY_SEARCH = "archive.search_communications"


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def search_start(request: HttpRequest) -> HttpResponse:
    """Show the form, or take a query from the box, the form or a chip, and go on to its results."""
    if request.method != "POST":
        return _search_page(request, text="", form=ConditionsForm(user=request.user))
    if "q" in request.POST:
        return _begin(request, str(request.POST["q"]))
    form = ConditionsForm(request.POST, user=request.user)
    if not form.is_valid():
        return _search_page(request, text="", form=form, status=422)
    try:
        return _begin(request, form.query_text())
    except QueryError as error:
        return _search_page(request, text=str(form.cleaned_data.get("rest", "")), form=form, error=error, status=422)


def _begin(request: HttpRequest, text: str) -> HttpResponse:
    try:
        search = start_search(
            text=text, user=request.user, actor=Actor.of(request), sort=str(request.POST.get("sort", "-issued"))
        )
    except QueryError as error:
        return _search_page(request, text=text, form=ConditionsForm(user=request.user), error=error, status=422)
    return redirect("search_results", search_id=search.public_id)


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def search_results(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Show a page of hits. The count follows in a part of its own, so that rows never wait for it."""
    search = _search_or_404(request, search_id)
    form = ConditionsForm(user=request.user)
    try:
        found = resolve(search.query, user=request.user)
        form = ConditionsForm(initial=form_values(found.tree), user=request.user)
        page = get_page(found, sort=search.sort, cursor=request.GET.get("after", "") or request.GET.get("before", ""))
    except QueryError as error:
        return _search_page(request, text=search.query, form=form, error=error, status=422)
    except BadCursorError:
        return redirect("search_results", search_id=search.public_id)
    hits = hit_list(list(page.rows), user=request.user)
    context: dict[str, Any] = {
        "search": search,
        "hits": hits,
        "page": page,
        "chips": chips_of(found.tree, user=request.user),
        "also": {name: ", ".join(values) for name, values in found.also.items()},
        "sorts": SORTS,
        "searched": bool(search.query),
    }
    return _search_page(request, text=search.query, form=form, found=found, **context)


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def search_count(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Answer with the sentence that counts, for the place that the page reserved; `?exactly` counts beyond 10,000."""
    search = _search_or_404(request, search_id)
    try:
        found = resolve(search.query, user=request.user)
    except QueryError as error:
        context = {"error": error, "query_text": search.query}
        return render(request, "desk/_query_error.html", context, status=422)
    number, exact = count(found, exactly="exactly" in request.GET)
    superseded, superseded_exact = count_superseded(found)
    context = {
        "count": number,
        "exact": exact,
        "superseded": superseded,
        "superseded_exact": superseded_exact,
        "search": search,
    }
    return render(request, "desk/_count.html", context)


def _search_page(
    request: HttpRequest,
    *,
    text: str,
    form: ConditionsForm,
    error: QueryError | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    scope = describe_scope(request.user)
    return render(
        request,
        "desk/search.html",
        {"query_text": text, "form": form, "error": error, "scope": scope, **context},
        status=status,
    )


def _search_or_404(request: HttpRequest, search_id: UUID) -> Search:
    try:
        return open_search(search_id, actor=Actor.of(request))
    except ObjectDoesNotExist:
        raise Http404 from None


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def communication_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one communication: `?v=` names the channel, `?panel=` the side panel, `?s=` the search it was found by."""
    try:
        communication = get_communication(public_id, user=request.user)
    except ObjectDoesNotExist:
        raise Http404 from None
    actor = Actor.of(request)
    audit.record_view(actor=actor, verb=Verb.COMMUNICATION_VIEWED, subject=communication)
    context = record_context(communication, request=request, actor=actor)
    context["trail"] = _trail(request, communication)
    return render(request, "desk/communication.html", context)


def _trail(request: HttpRequest, communication: Communication) -> dict[str, str]:
    """Return where the reader came from: the page of the search, and the hits beside this one.

    Another user's search is ignored.
    """
    try:
        search = get_search(UUID(request.GET.get("s", "")), user=request.user)
        found: Found = resolve(search.query, user=request.user)
    except (ValueError, ObjectDoesNotExist, QueryError):
        return {}
    newer, older = neighbours(found, communication, sort=SORTS.get(search.sort, SORTS["-issued"]))
    place = {name: request.GET[name] for name in ("after", "before") if name in request.GET}
    suffix = "?" + urlencode({"s": search.public_id, **place})
    results = reverse("search_results", args=[search.public_id])
    trail = {"results": f"{results}?{urlencode(place)}" if place else results, "s": str(search.public_id)}
    if newer:
        trail["previous"] = reverse("communication", args=[newer]) + suffix
    if older:
        trail["next"] = reverse("communication", args=[older]) + suffix
    return trail
