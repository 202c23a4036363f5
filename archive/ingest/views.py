"""Pages of loads: the list, one load live while it runs, the upload."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.batches.models import Load
from archive.documents.models import Producer
from archive.ingest.errors import LoadError
from archive.ingest.models import IngestMapping
from archive.ingest.reports import rejects_file
from archive.ingest.running import pause_load, queue_load, resume_load, stop_load
from archive.ingest.selectors import get_load, list_batches, list_loads, list_log, list_rejects, progress_of
from archive.ingest.services import LoadRequest
from archive.ingest.uploads import NoRoomError, remove_upload, save_upload

_SEE, _RUN = "archive.view_loads", "archive.run_loads"
_STEPS = {"pause": pause_load, "stop": stop_load, "resume": resume_load}


@login_required
@permission_required(_SEE, raise_exception=True)
@require_safe
def load_list(request: HttpRequest) -> HttpResponse:
    """Show all loads, newest first; those that run are live."""
    before = request.GET.get("before", "")
    loads, older = list_loads(before=int(before) if before.isdigit() else None)
    rows = [progress_of(load) for load in loads]
    context = {
        "rows": rows,
        "older": older,
        "live": any(row.open for row in rows),
        "may_run": request.user.has_perm(_RUN),
    }
    template = "loads/_rows.html" if request.headers.get("HX-Request") else "loads/list.html"
    return render(request, template, context)


@login_required
@permission_required(_SEE, raise_exception=True)
@require_safe
def load_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one load."""
    return render(request, "loads/detail.html", _context(request, _load(public_id)))


@login_required
@permission_required(_SEE, raise_exception=True)
@require_safe
def load_progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Answer with the part of the page that changes; when the load has ended, the page is asked for anew."""
    load = _load(public_id)
    response = render(request, "loads/_progress.html", _context(request, load))
    if not progress_of(load).open:
        response["HX-Refresh"] = "true"
    return response


def _context(request: HttpRequest, load: Load) -> dict[str, Any]:
    return {
        "load": load,
        "progress": progress_of(load),
        "log": list_log(load),
        "rejects": list_rejects(load),
        "batches": list_batches(load),
        "may_run": request.user.has_perm(_RUN),
        "can_pause": load.state == Load.State.RUNNING,
        "can_stop": load.state in Load.OPEN,
        "can_resume": load.state in Load.RESUMABLE,
    }


@login_required
@permission_required(_RUN, raise_exception=True)
@require_POST
def load_step(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Pause, stop or resume a load."""
    load = _load(public_id)
    if step not in _STEPS:
        raise Http404
    try:
        _STEPS[step](load, actor=Actor.of(request))
    except LoadError as error:
        return render(request, "loads/detail.html", {**_context(request, load), "error": str(error)}, status=409)
    return redirect("load", public_id=load.public_id)


@login_required
@permission_required(_RUN, raise_exception=True)
@require_safe
def load_rejects(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Send what was set aside, as it came: to be mended and submitted again."""
    load = _load(public_id)
    audit.record_read(actor=Actor.of(request), verb=Verb.REJECTS_DOWNLOADED, subject=load, load=load.pk)
    response = StreamingHttpResponse(rejects_file(load), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{load}-set-aside.jsonl"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@permission_required(_RUN, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST", "PUT"])
def upload(request: HttpRequest) -> HttpResponse:
    """Show the upload form; take a file as a plain body (PUT, with progress) or from the form (POST)."""
    context = {"producers": Producer.objects.order_by("label"), "mappings": IngestMapping.objects.order_by("label")}
    if request.method == "PUT":
        return _upload_body(request)
    if request.method == "POST":
        return _upload_form(request, context)
    return render(request, "loads/upload.html", context)


def _upload_form(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None or not file.name or file.size is None:
        error = _("Choose a file first.")
        return render(request, "loads/upload.html", {**context, "error": error}, status=422)
    try:
        load = _take(
            request, file.read, file.name, file.size, request.POST.get("producer", ""), request.POST.get("mapping", "")
        )
    except LoadError as error:
        return render(request, "loads/upload.html", {**context, "error": str(error)}, status=422)
    return redirect("load", public_id=load.public_id)


def _upload_body(request: HttpRequest) -> HttpResponse:
    """Take a file as the body: it goes to disk as it comes, whatever its size."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        return JsonResponse({"error": _("The size of the file is not told. Send Content-Length.")}, status=411)
    name = unquote(request.headers.get("X-File-Name", "upload"))
    producer, mapping = request.headers.get("X-Producer", ""), request.headers.get("X-Mapping", "")
    try:
        load = _take(request, request.read, name, int(length), producer, mapping)
    except NoRoomError as error:
        return JsonResponse({"error": str(error)}, status=503, headers={"Retry-After": "600"})
    except LoadError as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"url": reverse("load", args=[load.public_id]), "load": str(load)}, status=201)


def _take(request: HttpRequest, read: Any, name: str, size: int, producer: str, mapping: str) -> Load:
    path = save_upload(read, name=name, size_bytes=size)
    try:
        asked = LoadRequest(
            path=path, producer_key=producer, mapping_key=mapping, source_name=name[:300], keep_source=False
        )
        return queue_load(asked, actor=Actor.of(request))
    except BaseException:
        remove_upload(path)
        raise


def _load(public_id: UUID) -> Load:
    try:
        return get_load(public_id)
    except ObjectDoesNotExist:
        raise Http404 from None
