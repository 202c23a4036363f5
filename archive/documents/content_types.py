"""Content types by extension: a fixed list, so that one machine's tables do not decide what another stores."""

from __future__ import annotations

import posixpath

CONTENT_TYPES = {
    ".afp": "application/vnd.ibm.modcap",
    ".bmp": "image/bmp",
    ".css": "text/css",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".pcl": "application/vnd.hp-pcl",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".ps": "application/postscript",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
    ".zpl": "application/vnd.zebra-zpl",
}
UNKNOWN = "application/octet-stream"


def content_type_of(name: str) -> str:
    """Return the content type that a file name's extension stands for."""
    return CONTENT_TYPES.get(posixpath.splitext(name)[1].lower(), UNKNOWN)


_EXTENSIONS = {content_type: extension for extension, content_type in reversed(CONTENT_TYPES.items())}


def extension_of(content_type: str) -> str:
    """Return the extension under which a document of this type stands in a pack."""
    return _EXTENSIONS.get(content_type.partition(";")[0].strip().lower(), ".bin")
