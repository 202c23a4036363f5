"""Pages of exports: what is about to be exported, my exports, and the file by a link for five minutes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.audit.actor import Actor
from archive.desk.chips import chips_of
from archive.desk.exporting.errors import ExportError
from archive.desk.exporting.services import (
    LIST_PERMISSION,
    MANY_PERMISSION,
    MOST_WITHOUT_MANY,
    ORIGINALS_PERMISSION,
    delete_export,
    get_export,
    link_token,
    list_exports,
    open_file,
    request_export,
    stop_export,
)
from archive.desk.models import Export
from archive.desk.searches import search_or_404
from archive.query import QueryError
from archive.retrieval.filenames import attachment
from archive.search.models import Search
from archive.search.picks import selection_of
from archive.search.selectors import resolve
from archive.search.words.database import IndexDownError

_TYPES = {
    Export.Kind.ZIP: "application/zip",
    Export.Kind.CSV: "text/csv; charset=utf-8",
    Export.Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MAY = permission_required(LIST_PERMISSION, raise_exception=True)


@login_required
@_MAY
@require_http_methods(["GET", "HEAD", "POST"])
def export_start(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Show what is selected, its query and its count, and take the kind of file; a small one comes at once."""
    search = search_or_404(request, search_id)
    if request.method != "POST":
        return _start_page(request, search)
    kind = request.POST.get("kind", "")
    if kind not in Export.Kind.values:
        return _start_page(request, search, status=422)
    try:
        export = request_export(search=search, kind=kind, actor=Actor.of(request))
    except ExportError as error:
        return _start_page(request, search, error=str(error), status=422)
    except QueryError as error:
        return _start_page(request, search, error=error.message, status=422)
    except IndexDownError:
        return _start_page(request, search, index_down=True, status=503)
    if export.state == Export.State.READY and not export.message:
        return redirect(_link(export))
    return redirect("exports")


def _start_page(request: HttpRequest, search: Search, *, status: int = 200, **context: Any) -> HttpResponse:
    user = request.user
    try:
        found = resolve(search.query, user=user)
        context["chips"] = chips_of(found.tree, user=user, ids=found.ids)
        context["selection"] = selection_of(search, user=user)
    except QueryError as error:
        context.setdefault("error", error.message)
    except IndexDownError:
        context["index_down"], status = True, 503
    may_originals = user.has_perm(ORIGINALS_PERMISSION)
    limit = 0 if user.has_perm(MANY_PERMISSION) else MOST_WITHOUT_MANY
    page = {"search": search, "may_originals": may_originals, "limit": limit, **context}
    return render(request, "desk/exports/start.html", page, status=status)


@login_required
@_MAY
@require_safe
def export_list(request: HttpRequest) -> HttpResponse:
    """Show my exports; to a script the rows alone, while one is being made."""
    exports = list_exports(user=request.user)
    live = any(export.state in (Export.State.WAITING, Export.State.RUNNING) for export in exports)
    template = "desk/exports/_rows.html" if request.htmx else "desk/exports/list.html"  # type: ignore[attr-defined]
    return render(request, template, {"exports": exports, "live": live})


@login_required
@_MAY
@require_POST
def export_fetch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Lead to the file by a link that is good for five minutes."""
    export = _export_or_404(request, public_id)
    if export.state != Export.State.READY:
        raise Http404
    return redirect(_link(export))


@login_required
@_MAY
@require_safe
def export_file(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Answer with the file of a link; too old, revoked or somebody else's: 404."""
    try:
        export, file = open_file(public_id, request.GET.get("t", ""), actor=Actor.of(request))
    except ObjectDoesNotExist:
        raise Http404 from None
    response = FileResponse(file, content_type=_TYPES[Export.Kind(export.kind)])
    day = timezone.localdate(export.created_at).isoformat()
    response["Content-Disposition"] = attachment(f"vellum-export-{day}.{export.kind}")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_required
@_MAY
@require_POST
def export_step(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Stop or delete an export of mine."""
    export = _export_or_404(request, public_id)
    if step == "stop":
        stop_export(export, actor=Actor.of(request))
    elif step == "delete":
        try:
            delete_export(export, actor=Actor.of(request))
        except ExportError as error:
            context = {"exports": list_exports(user=request.user), "live": True, "error": str(error)}
            return render(request, "desk/exports/list.html", context, status=409)
    else:
        raise Http404
    return redirect("exports")


def _link(export: Export) -> str:
    return f"{reverse('export_file', args=[export.public_id])}?{urlencode({'t': link_token(export)})}"


def _export_or_404(request: HttpRequest, public_id: UUID) -> Export:
    try:
        return get_export(public_id, user=request.user)
    except ObjectDoesNotExist:
        raise Http404 from None
