"""Stored bytes over HTTP: shown in a sandbox, by range, or as a download."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from archive.audit.actor import Actor
from archive.documents.models import Variant
from archive.retrieval import services
from archive.retrieval.filenames import attachment, download_name, download_type, plain_type
from archive.retrieval.ranges import RangeNotSatisfiableError, parse_range
from archive.retrieval.render import CannotRenderError, NoSuchPageError, message_picture, render_page
from archive.storage.contract import StoreError

# Untrusted documents may draw themselves and nothing else: no script, no form, no request (S-08).
SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)


@login_required
@require_safe
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[untyped-decorator]
def content(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with what a viewer shows: PDF and images as they are, HTML with its resources inlined."""
    variant, kind = _open(request, public_id, number, kinds=("pdf", "image", "html"))
    try:
        if kind == "html":
            view = services.html_view(variant)
            response: HttpResponseBase = HttpResponse(view.text, content_type="text/html; charset=utf-8")
        else:
            response = _bytes(request, variant)
    except StoreError as error:
        return _unavailable(request, error)
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    return response


@login_required
@require_safe
def download(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with the stored bytes, verified, as a download."""
    try:
        communication, variant, chunks = services.open_for_download(
            public_id, number, user=request.user, actor=Actor.of(request)
        )
    except ObjectDoesNotExist:
        raise Http404 from None
    except StoreError as error:
        return _unavailable(request, error)
    name = download_name(
        record_number=communication.record_number,
        channel=variant.channel,
        content_type=variant.content_type,
        file_name=variant.file_name,
    )
    response = StreamingHttpResponse(chunks, content_type=download_type(variant.content_type))
    response["Content-Length"] = str(variant.length)
    response["Content-Disposition"] = attachment(name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@login_required
@require_safe
def page_image(request: HttpRequest, public_id: UUID, number: int, page: int) -> HttpResponse:
    """Answer with one page of a PDF as a picture, for those who read without JavaScript."""
    variant, _kind = _open(request, public_id, number, kinds=("pdf",))
    try:
        picture = render_page(variant, page)
    except NoSuchPageError:
        raise Http404 from None
    except (StoreError, CannotRenderError) as error:
        if "text/html" in request.headers.get("Accept", "text/html"):
            return _unavailable(request, error)
        return HttpResponse(message_picture(str(error)), content_type="image/png", status=503)  # it stands in an <img>
    return HttpResponse(picture, content_type="image/png")


def _open(request: HttpRequest, public_id: UUID, number: int, *, kinds: Collection[str]) -> tuple[Variant, str]:
    try:
        return services.open_for_view(public_id, number, user=request.user, actor=Actor.of(request), kinds=kinds)
    except ObjectDoesNotExist:
        raise Http404 from None


def _bytes(request: HttpRequest, variant: Variant) -> HttpResponseBase:
    """Send all, or the range that was asked for; the first block is verified before the answer begins."""
    size = variant.length
    # No validator is sent, so none can match: then, as for HEAD, a range is ignored (RFC 9110 §13.1.5, §14.2).
    asked = "" if request.method == "HEAD" or "If-Range" in request.headers else request.headers.get("Range", "")
    try:
        wanted = parse_range(asked, size)
    except RangeNotSatisfiableError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted or (0, size)
    response = StreamingHttpResponse(
        services.read_range(variant, start, end), content_type=plain_type(variant.content_type)
    )
    response["Content-Length"] = str(end - start)
    response["Accept-Ranges"] = "bytes"
    if wanted:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Say that the document cannot be shown; never with a status that looks like success."""
    context = {"message": str(error) or _("The document cannot be read now. Try again in a moment.")}
    return render(request, "retrieval/unavailable.html", context, status=503)
