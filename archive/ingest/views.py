"""Pages of loads: the list, one load live while it runs, the upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
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
from archive.ingest.mapping import get_mapping
from archive.ingest.models import IngestMapping
from archive.ingest.reports import rejects_file, rejects_name
from archive.ingest.resubmitting import NATIVE_CSV
from archive.ingest.running import pause_load, queue_load, resume_load, stop_load
from archive.ingest.selectors import (
    get_load,
    list_batches,
    list_loads,
    list_log,
    list_rejects,
    list_resubmissions,
    progress_of,
)
from archive.ingest.services import LoadRequest, get_producer
from archive.ingest.uploads import NoRoomError, remove_upload, save_upload, shown_name

_SEE, _RUN = "archive.view_loads", "archive.run_loads"
RETRY_AFTER_SECONDS = "600"
_STEPS = {"pause": pause_load, "stop": stop_load, "resume": resume_load}


@login_required
@permission_required(_SEE, raise_exception=True)
@require_safe
def load_list(request: HttpRequest) -> HttpResponse:
    """Show all loads, newest first; those that run are live."""
    loads, older = list_loads(before=_number(request.GET.get("before", "")))
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
        "resubmissions": list_resubmissions(load),
        "may_run": request.user.has_perm(_RUN),
        "can_pause": load.state in (Load.State.QUEUED, Load.State.RUNNING),
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
    response["Content-Disposition"] = f'attachment; filename="{rejects_name(load)}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@permission_required(_RUN, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST", "PUT"])
def upload(request: HttpRequest) -> HttpResponse:
    """Show the upload form; take a file as a plain body (PUT, with progress) or from the form (POST).

    Shapes: `?resubmits=<id of a load>` says whose records were mended.
    """
    resubmits = _resubmitted(request)
    if request.method == "PUT":
        return _upload_body(request, resubmits)
    context = {
        "producers": Producer.objects.order_by("label"),
        "mappings": IngestMapping.objects.order_by("label"),
        "resubmits": resubmits,
    }
    if request.method == "POST":
        return _upload_form(request, resubmits, context)
    return render(request, "loads/upload.html", context)


def _upload_form(request: HttpRequest, resubmits: Load | None, context: dict[str, Any]) -> HttpResponse:
    def refuse(reason: str, status: int = 422) -> HttpResponse:
        return render(request, "loads/upload.html", {**context, "error": reason}, status=status)

    try:
        file = request.FILES.get("file")
        refused: NoRoomError | None = getattr(request, "refused_upload", None)
        if refused is not None:
            raise refused
        if file is None or not file.name or file.size is None:
            return refuse(_("Choose a file first."))
        incoming = _Incoming(file.read, file.name, file.size)
        load = _take(request, incoming, request.POST.get("producer", ""), request.POST.get("mapping", ""), resubmits)
    except NoRoomError as error:
        response = refuse(str(error), 503)
        response["Retry-After"] = RETRY_AFTER_SECONDS
        return response
    except LoadError as error:
        return refuse(str(error))
    return redirect("load", public_id=load.public_id)


def _upload_body(request: HttpRequest, resubmits: Load | None) -> HttpResponse:
    """Take a file as the body: it goes to disk as it comes, whatever its size."""
    length = _number(request.headers.get("Content-Length", ""))
    if length is None or "Transfer-Encoding" in request.headers:
        return JsonResponse({"error": _("The size of the file is not told. Send Content-Length.")}, status=411)
    incoming = _Incoming(request.read, unquote(request.headers.get("X-File-Name", "upload")), length)
    producer, mapping = request.headers.get("X-Producer", ""), request.headers.get("X-Mapping", "")
    try:
        load = _take(request, incoming, producer, mapping, resubmits)
    except NoRoomError as error:
        return JsonResponse({"error": str(error)}, status=503, headers={"Retry-After": RETRY_AFTER_SECONDS})
    except LoadError as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"url": reverse("load", args=[load.public_id]), "load": str(load)}, status=201)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A file that arrives: how to read it, its name as the sender has it, its size."""

    read: Callable[[int], bytes]
    name: str
    size_bytes: int


def _take(request: HttpRequest, incoming: _Incoming, producer: str, mapping: str, resubmits: Load | None) -> Load:
    """Save a file and queue its load; what is wrong with the request is said before a byte is taken."""
    is_csv = incoming.name.lower().endswith(".csv")
    if resubmits is not None:
        producer, mapping = resubmits.producer_key, resubmits.mapping_key if is_csv else ""
    asked = LoadRequest(Path(), producer, mapping, shown_name(incoming.name), keep_source=False, resubmits=resubmits)
    actor = Actor.of(request)
    get_producer(asked, actor=actor)
    if mapping:
        get_mapping(mapping)
    name = NATIVE_CSV if resubmits is not None and is_csv and not mapping else incoming.name
    path = save_upload(incoming.read, name=name, size_bytes=incoming.size_bytes)
    try:
        return queue_load(replace(asked, path=path), actor=actor)
    except BaseException:
        remove_upload(path)
        raise


def _resubmitted(request: HttpRequest) -> Load | None:
    """Return the load that the address names as resubmitted. Errors: Http404 when there is none."""
    told = request.GET.get("resubmits", "")
    if not told:
        return None
    try:
        return _load(UUID(told))
    except ValueError:
        raise Http404 from None


def _number(text: str) -> int | None:
    """Return a number that fits into the database, or None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _load(public_id: UUID) -> Load:
    try:
        return get_load(public_id)
    except ObjectDoesNotExist:
        raise Http404 from None
