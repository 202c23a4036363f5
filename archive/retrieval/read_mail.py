"""Read an e-mail: the e-mail on standard input, what `from_plain` takes on standard output, as JSON."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from archive.formats.email_message import Mail, Part, parse_mail
from archive.retrieval.limited import set_limits


def to_plain(mail: Mail) -> dict[str, Any]:
    """Return an e-mail as plain values."""
    return {
        "headers": mail.headers,
        "html": mail.html.encode(errors="replace").decode(),
        "text": mail.text.encode(errors="replace").decode(),
        "inline": [_told(part) for part in mail.inline],
        "attachments": [_told(part) for part in mail.attachments],
        "sent_at": mail.sent_at,
    }


def from_plain(told: dict[str, Any]) -> Mail:
    """Return the e-mail that `to_plain` told."""
    return Mail(
        tuple((name, value) for name, value in told["headers"]),
        told["html"],
        told["text"],
        tuple(_part(part) for part in told["inline"]),
        tuple(_part(part) for part in told["attachments"]),
        told["sent_at"],
    )


def main() -> None:
    """Read within limits of memory and time."""
    set_limits()
    sys.stdout.buffer.write(json.dumps(to_plain(parse_mail(sys.stdin.buffer.read()))).encode())


def _told(part: Part) -> list[str]:
    return [part.name, part.content_type, base64.b64encode(part.payload).decode(), part.content_id]


def _part(told: list[str]) -> Part:
    name, content_type, payload, content_id = told
    return Part(name, content_type, base64.b64decode(payload), content_id)


if __name__ == "__main__":
    main()
