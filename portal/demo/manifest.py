"""Letters as lines of a native package's manifest, and the names of their files (design.md, "Ingest")."""

from __future__ import annotations

import json
from typing import Any

from portal.demo.brands import Brand
from portal.demo.emails import LOGO, SHEET
from portal.demo.letters import Letter

PRODUCER = "exstream-prod"
_ROLES = ("holder", "joint holder")


def print_name(letter: Letter) -> str:
    """Name the PDF."""
    return f"print/{letter.external_id}.pdf"


def email_name(letter: Letter) -> str:
    """Name the HTML; e-mails of a unit lie in one folder with what they share."""
    return f"email/{letter.brand.unit}/{letter.external_id}.html"


def resource_names(brand: Brand) -> list[str]:
    """Name what the e-mails of a unit share."""
    return [f"email/{brand.unit}/{LOGO}", f"email/{brand.unit}/{SHEET}"]


def manifest_line(letter: Letter, *, pages: int) -> bytes:
    """Return the manifest's line of a letter, with its end."""
    text = json.dumps(manifest_entry(letter, pages=pages), ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def manifest_entry(letter: Letter, *, pages: int) -> dict[str, Any]:
    """Describe a letter and the variants of its channels.

    Shapes: `pages` is the number of pages of the PDF.
    """
    document_class = letter.content.document_class
    entry: dict[str, Any] = {
        "producer": PRODUCER,
        "external_id": letter.external_id,
        "batch": letter.batch,
        "run_sequence": letter.run_sequence,
        "sequence": 1,
        "business_unit": letter.brand.unit,
        "document_class": document_class,
        "customer_id": letter.customer_id,
        "account_number": letter.account_number,
        "issued_on": letter.issued_on.isoformat(),
        "subject": letter.subject,
        "language": letter.language,
        "index": letter.content.index(letter),
        "parties": _parties(letter),
        "variants": [_variant(letter, channel, pages) for channel in letter.channels],
        "assets": [
            {"key": f"{letter.brand.unit}-{document_class}-template", "version": 4},
            {"key": f"{letter.brand.unit}-logo", "version": 2},
        ],
    }
    if letter.replaces:
        external_id, reason = letter.replaces
        entry["replaces"] = {"external_id": external_id, "reason": reason}
    return entry


def _parties(letter: Letter) -> list[dict[str, str]]:
    return [
        {
            "role": _ROLES[min(place, 1)],
            "customer_id": letter.customer_id if place == 0 else holder.customer_id,
            "name": holder.name,
            "postcode": holder.postcode,
            "address": holder.address,
        }
        for place, holder in enumerate(letter.holders)
    ]


def _variant(letter: Letter, channel: str, pages: int) -> dict[str, Any]:
    if channel == "print":
        return {
            "channel": "print",
            "file": print_name(letter),
            "content_type": "application/pdf",
            "pages": pages,
            "queue": "Print",
            "queue_file": f"print/{letter.batch}.pdf",
        }
    if channel == "email":
        return {
            "channel": "email",
            "file": email_name(letter),
            "content_type": "text/html",
            "resources": resource_names(letter.brand),
            "queue": "Email",
            "producer_ref": f"m-{letter.external_id}",
            "recipient": {"party": 0, "address": letter.holders[0].email},
        }
    text = letter.content.message(letter)
    return {"channel": "sms", "text": text, "queue": "SMS", "producer_ref": f"s-{letter.external_id}"}
