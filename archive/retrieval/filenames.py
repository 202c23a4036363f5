"""Names and headers under which stored bytes leave (RFC 6266, RFC 8187; requirements S-09). Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/postscript": ".ps",
    "application/rtf": ".rtf",
    "application/vnd.ibm.modcap": ".afp",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "message/rfc822": ".eml",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}
_INLINE_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}
_OFFICE = re.compile(
    r"application/vnd\.(openxmlformats-officedocument\.(wordprocessingml|spreadsheetml|presentationml)"
    r"|oasis\.opendocument\.(text|spreadsheet|presentation))"
)
_XML = {"application/xml", "text/xml", "application/json"}
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def plain_type(content_type: str) -> str:
    """Return a content type without parameters, in lower case; what is none becomes application/octet-stream."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare if _CONTENT_TYPE.fullmatch(bare) else "application/octet-stream"


def download_type(content_type: str) -> str:
    """Return the type of a download: one of a fixed list, else application/octet-stream.

    Scripts and style sheets are not in it, for pages of ours may load those from here (requirements S-09).
    """
    bare = plain_type(content_type)
    return bare if bare in EXTENSIONS else "application/octet-stream"


def kind_of(content_type: str) -> str:
    """Return how a document is shown: pdf, image, tiff, html, mail, text, or other (a message and the download)."""
    bare = plain_type(content_type)
    if bare == "application/pdf":
        return "pdf"
    if bare in _INLINE_IMAGES:
        return "image"
    if bare in ("text/html", "application/xhtml+xml"):
        return "html"
    if bare == "image/tiff":
        return "tiff"
    if bare == "message/rfc822":
        return "mail"
    if bare in ("text/plain", "text/csv"):
        return "text"
    return "other"


def has_text(content_type: str) -> bool:
    """Tell whether a document that is shown otherwise may be read as text."""
    bare = plain_type(content_type)
    return kind_of(bare) in ("pdf", "html", "mail") or bool(_OFFICE.match(bare)) or bare in _XML


def download_name(*, record_number: str, channel: str, content_type: str, file_name: str = "") -> str:
    """Return the name of a download: record number, channel and extension; nothing of the customer's."""
    extension = EXTENSIONS.get(plain_type(content_type), "")
    if not extension:
        _, dot, given = file_name.rpartition(".")
        cleaned = _UNSAFE.sub("", given)[:8].lower()
        extension = f".{cleaned}" if dot and cleaned else ".bin"
    return f"{_UNSAFE.sub('-', record_number)}-{_UNSAFE.sub('-', channel)}{extension}"


def attachment_name(name: str, content_type: str) -> str:
    """Return the name of a file inside an e-mail as it was sent, without what would mislead; `attachment` if none.

    What has no ending gets the one of its type.
    """
    shown = "".join(char for char in name if char.isprintable() and char not in '\\/"').strip(". ")[:150]
    ending = EXTENSIONS.get(plain_type(content_type), ".bin")
    return (shown or "attachment") if "." in shown else (shown or "attachment") + ending


def attachment(name: str) -> str:
    """Return the Content-Disposition of a download, safe for any name."""
    ascii_name = _UNSAFE.sub("_", name.encode("ascii", "replace").decode()).strip("._") or "document"
    visible = "".join(char for char in name if char.isprintable() and char not in '\\/"')
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(visible, safe='')}"
