"""Stored bytes over HTTP: shown in a sandbox, by range, for a printer, or as a download."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from archive.audit.actor import Actor
from archive.retrieval import services
from archive.retrieval.filenames import attachment, download_type, plain_type
from archive.retrieval.limited import CannotShowError
from archive.retrieval.marking import words_for
from archive.retrieval.opened import Opened, mail_of, told_of
from archive.retrieval.printing import printable
from archive.retrieval.ranges import RangeNotSatisfiableError, parse_range
from archive.retrieval.reading import PRINTED_KINDS
from archive.retrieval.render import NoSuchPageError, assert_drawable, message_picture, render_page
from archive.retrieval.renditions import rendition_of
from archive.storage.contract import StoreError

# Untrusted documents may draw themselves and nothing else: no script, no form, no request (S-08).
SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
# For a printer the page around the frame must reach it, to open the dialog; it still runs no script of its own.
PRINT_SANDBOX = (
    "sandbox allow-same-origin allow-modals; default-src 'none'; img-src data:; font-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
# Pictures stand in a page of ours, which fetches them from here.
PRINT_PICTURES = PRINT_SANDBOX.replace("img-src data:", "img-src 'self'")
# A browser shows PDFs by a viewer of its own, which a sandbox keeps out; nothing else in the answer is a document.
PRINT_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@login_required
@require_safe
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[untyped-decorator]
def content(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with what a viewer shows: PDF and images as they are, HTML and e-mail bodies with resources inlined.

    `?file=` is a file inside an e-mail, `?s=` the search whose words are marked.
    """
    try:
        opened = _open(request, public_id, number, kinds=("pdf", "image", "html", "mail"))
        if opened.kind in ("html", "mail"):
            response: HttpResponseBase = _html(request, opened)
        else:
            response = _bytes(request, opened)
    except (StoreError, CannotShowError) as error:
        return _unavailable(request, error)
    return _secured(response, SANDBOX)


@login_required
@require_safe
def download(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with the stored bytes, or those of a file inside an e-mail, verified, as a download."""
    try:
        opened, chunks = services.open_for_download(
            public_id, number, user=request.user, actor=Actor.of(request), file=_file(request)
        )
    except ObjectDoesNotExist:
        raise Http404 from None
    except (StoreError, CannotShowError) as error:
        return _unavailable(request, error)
    response = StreamingHttpResponse(chunks, content_type=download_type(opened.content_type))
    response["Content-Length"] = str(opened.size_bytes)
    response["Content-Disposition"] = attachment(opened.name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@login_required
@require_safe
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[untyped-decorator]
def print_form(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with the document alone, as a printer takes it; without a script it opens in a tab of its own."""
    try:
        opened, chunks = services.open_for_print(
            public_id, number, user=request.user, actor=Actor.of(request), kinds=PRINTED_KINDS, file=_file(request)
        )
        if opened.kind == "pdf":
            response: HttpResponseBase = StreamingHttpResponse(chunks, content_type="application/pdf")
            response["Content-Length"] = str(opened.size_bytes)
            response["Content-Disposition"] = attachment(opened.name).replace("attachment", "inline", 1)
            return _secured(response, PRINT_PDF)
        page = printable(opened)
    except ObjectDoesNotExist:
        raise Http404 from None
    except (StoreError, CannotShowError) as error:
        return _unavailable(request, error)
    if isinstance(page, str):
        return _secured(HttpResponse(page, content_type="text/html; charset=utf-8"), PRINT_SANDBOX)
    policy = PRINT_PICTURES if "pictures" in page else PRINT_SANDBOX
    return _secured(render(request, "retrieval/printed.html", page), policy)


@login_required
@require_safe
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[untyped-decorator]
def rendition(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    """Answer with the PDF that is read in place of a native print format: delivered with it, or made of it here."""
    opened = _open(request, public_id, number, kinds=("other",))
    try:
        made = rendition_of(opened)
        if made is None:
            raise Http404
        chunks = made.chunks()
    except (StoreError, CannotShowError) as error:
        return _unavailable(request, error)
    return _secured(StreamingHttpResponse(chunks, content_type="application/pdf"), SANDBOX)


@login_required
@require_safe
def page_image(request: HttpRequest, public_id: UUID, number: int, page: int) -> HttpResponse:
    """Answer with one page of a PDF or TIFF as a picture: TIFFs have no other form, PDFs for want of JavaScript."""
    try:
        opened = _open(request, public_id, number, kinds=("pdf", "tiff"))
        assert_drawable(opened.size_bytes)
        picture = render_page(opened.payload(), page, kind=opened.kind)
    except NoSuchPageError:
        raise Http404 from None
    except (StoreError, CannotShowError) as error:
        if "text/html" in request.headers.get("Accept", "text/html"):
            return _unavailable(request, error)
        picture = message_picture(told_of(error))  # it stands in an <img>
        return HttpResponse(picture, content_type="image/png", status=503)
    return HttpResponse(picture, content_type="image/png")


def _open(request: HttpRequest, public_id: UUID, number: int, *, kinds: Collection[str]) -> Opened:
    try:
        return services.open_for_view(
            public_id, number, user=request.user, actor=Actor.of(request), kinds=kinds, file=_file(request)
        )
    except ObjectDoesNotExist:
        raise Http404 from None


def _file(request: HttpRequest) -> int:
    """Return which file inside an e-mail is asked for; 0 for the variant itself."""
    text = request.GET.get("file", "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise Http404
    return int(text)


def _html(request: HttpRequest, opened: Opened) -> HttpResponse:
    search = request.GET.get("s", "")
    words = words_for(search, request.user) if search else []
    mail = mail_of(opened) if opened.kind == "mail" else None
    if mail is not None and not mail.html:
        raise Http404
    view = services.html_view(opened, words=words, mail=mail)
    return HttpResponse(view.text, content_type="text/html; charset=utf-8")


def _bytes(request: HttpRequest, opened: Opened) -> HttpResponseBase:
    """Send all, or the range that was asked for; the first block is verified before the answer begins."""
    size = opened.size_bytes
    # No validator is sent, so none can match: then, as for HEAD, a range is ignored (RFC 9110 §13.1.5, §14.2).
    asked = "" if request.method == "HEAD" or "If-Range" in request.headers else request.headers.get("Range", "")
    try:
        wanted = parse_range(asked, size)
    except RangeNotSatisfiableError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted or (0, size)
    response = StreamingHttpResponse(opened.chunks(start, end), content_type=plain_type(opened.content_type))
    response["Content-Length"] = str(end - start)
    response["Accept-Ranges"] = "bytes"
    if wanted:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


def _secured(response: HttpResponseBase, policy: str) -> HttpResponseBase:
    """Give an untrusted document the headers that keep it alone (S-08)."""
    response["Content-Security-Policy"] = policy
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    return response


def _unavailable(request: HttpRequest, error: StoreError | CannotShowError) -> HttpResponse:
    """Say that the document cannot be shown; never with a status that looks like success."""
    return render(request, "retrieval/unavailable.html", {"message": told_of(error)}, status=503)
