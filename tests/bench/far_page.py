"""Page 900 of 1,000 in a real browser: how long until it is seen, and how many bytes were sent for it."""

from __future__ import annotations

import json
import random
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.harness import Installation, Result
from tests.browser.installation import browser, install, running, sign_in

PAGES, PAGE, BYTES_A_PAGE = 1_000, 900, 75_000
_FANOUT = 25


def compact_pdf(pages: int, bytes_a_page: int) -> bytes:
    """Return a PDF as composition engines write long ones: a balanced page tree in object streams, a picture a page."""
    chance = random.Random(1)
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets: dict[int, int] = {}
    number = 3

    def stream(dictionary: str, data: bytes) -> int:
        nonlocal number
        number += 1
        offsets[number] = len(out)
        out.extend(f"{number} 0 obj\n<< {dictionary} /Length {len(data)} >>\nstream\n".encode() + data)
        out.extend(b"\nendstream\nendobj\n")
        return number

    leaves: list[str] = []
    side = int(bytes_a_page**0.5)
    for page in range(1, pages + 1):
        picture = stream(
            f"/Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 8",
            chance.randbytes(side * side),
        )
        words = f"BT /F1 24 Tf 72 760 Td (Page {page} of {pages}) Tj ET q 400 0 0 400 72 200 cm /I Do Q".encode()
        content = stream("", words)
        leaves.append(
            "/Type /Page /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> "
            f"/XObject << /I {picture} 0 R >> >> /Contents {content} 0 R"
        )
    objects: dict[int, str] = {1: "<< /Type /Catalog /Pages 2 0 R >>"}
    objects[3] = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    folders = [leaves[at : at + _FANOUT] for at in range(0, pages, _FANOUT)]
    folder_ids: list[int] = []
    for folder in folders:
        number += 1
        own, kids = number, []
        for leaf in folder:
            number += 1
            kids.append(number)
            objects[number] = f"<< {leaf} /Parent {own} 0 R >>"
        listed = " ".join(f"{kid} 0 R" for kid in kids)
        objects[own] = f"<< /Type /Pages /Parent 2 0 R /Count {len(kids)} /Kids [{listed}] >>"
        folder_ids.append(own)
    listed = " ".join(f"{folder} 0 R" for folder in folder_ids)
    objects[2] = f"<< /Type /Pages /Count {pages} /Kids [{listed}] >>"
    held: dict[int, tuple[int, int]] = {}
    keys = sorted(objects)
    for at in range(0, len(keys), 100):
        part = keys[at : at + 100]
        body, heads = "", []
        for key in part:
            heads.append(f"{key} {len(body)}")
            body += objects[key] + "\n"
        head = " ".join(heads) + "\n"
        packed = zlib.compress((head + body).encode())
        own = stream(f"/Type /ObjStm /N {len(part)} /First {len(head)} /Filter /FlateDecode", packed)
        held.update({key: (own, index) for index, key in enumerate(part)})
    number += 1
    offsets[number] = len(out)
    rows = bytearray(b"\x00" + bytes(4) + b"\xff\xff")
    for key in range(1, number + 1):
        if key in held:
            rows += b"\x02" + held[key][0].to_bytes(4, "big") + held[key][1].to_bytes(2, "big")
        else:
            rows += b"\x01" + offsets[key].to_bytes(4, "big") + bytes(2)
    packed = zlib.compress(bytes(rows))
    start = len(out)
    out += f"{number} 0 obj\n<< /Type /XRef /Size {number + 1} /W [1 4 2] /Root 1 0 R".encode()
    out += f" /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode() + packed
    out += f"\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def far_page(folder: Path) -> Iterator[Result]:
    """Open a long document at a page far in it, as a link from a search would, and count what was sent."""
    data = compact_pdf(PAGES, BYTES_A_PAGE)
    package = folder / "long"
    package.mkdir()
    (package / "long.pdf").write_bytes(data)
    line = {
        "external_id": "LONG-1",
        "business_unit": "retail",
        "document_class": "policy",
        "issued_on": "2026-10-01",
        "account_number": "900900",
        "index": {"branch": "012"},
        "variants": [{"channel": "print", "file": "long.pdf", "pages": PAGES}],
    }
    (package / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    with Installation() as place:
        install(place.data, letters=20, port=9)
        place.ingest(package)
        hit = json.loads(place.manage("search", "account:900900", "--as", "agent", "--json"))["hits"][0]
        with running(place.data) as address, browser() as chromium:
            page = chromium.new_page(base_url=address, viewport={"width": 1280, "height": 800})
            sign_in(page, address, "agent")
            received = _count_bytes(page)
            started = time.perf_counter()
            page.goto(f"/communications/{hit['id']}/#page={PAGE}")
            page.locator(".textLayer", has_text=f"Page {PAGE} of").first.wait_for(timeout=60_000)
            seconds = time.perf_counter() - started
            page.wait_for_timeout(1_500)  # what it goes on to fetch counts too
            total = sum(received)
    yield Result(
        f"page {PAGE} of {PAGES} in Chromium: bytes sent",
        f"{total / 1e6:.1f} MB",
        "the blocks it needs: at most a tenth",
        f"of {len(data) / 1e6:.0f} MB; seen after {seconds:.1f} s",
        total <= len(data) / 10,
    )


def _count_bytes(page: Any) -> list[int]:
    """Return a list that gets the bytes of the document's answers as they arrive; one may announce more."""
    received: list[int] = []
    ours: set[str] = set()
    protocol = page.context.new_cdp_session(page)

    def asked(event: Any) -> None:
        if event["request"]["url"].endswith("/content"):
            ours.add(event["requestId"])

    def came(event: Any) -> None:
        if event["requestId"] in ours:
            received.append(event["dataLength"])

    protocol.on("Network.requestWillBeSent", asked)
    protocol.on("Network.dataReceived", came)
    protocol.send("Network.enable")
    return received
