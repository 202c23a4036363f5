"""Texts that are meant to break an index: each is indexed in bounded time and room, found, and shown at its words."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from archive.formats.extracted import MOST_CHARACTERS, MOST_PAGES
from archive.formats.text import text_of
from archive.search.indexing import index_waiting
from archive.search.selectors import get_page, hit_list, resolve
from archive.search.words.database import index_path, reader
from archive.search.words.pieces import (
    LONGEST_TAIL,
    MOST_BYTES,
    MOST_PIECES,
    MOST_TOKENS,
    piece_id,
    pieces_of,
    place_of,
)
from archive.search.words.tokens import plain_text
from archive.search.words.writer import IN_PART
from tests.archive.documents.archives import Archive
from tests.archive.search.test_index_text import index_text
from tests.archive.search.words.letters import found

CEILING_SECONDS = 20.0


def pdf_with_pages(pages: int, words: str) -> bytes:
    """Return a PDF whose pages all show the same content: cheap to make, however many they are."""
    kids = " ".join(f"{number + 5} 0 R" for number in range(pages))
    drawn = f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET"
    bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream",
        *["<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents 4 0 R>>"] * pages,
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(bodies, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj{body}endobj\n".encode())
    start = out.tell()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}".encode())
    out.write(f"trailer<</Size {len(bodies) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


EVERY_PLANE = "".join(map(chr, [*range(0x20, 0xD800, 7), *range(0xE000, 0x10FFFE, 97)]))
HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "120,000 distinct words": ("text/plain", " ".join(f"w{n:x}q" for n in range(120_000)).encode(), "w1d4bfq"),
    "noise without blanks": ("text/plain", b"begin " + b"qz8" * 400_000 + b" ending", "ending"),
    "one word, very often": ("text/plain", b"same " * 100_000 + b"different", "different"),
    "dots and rules": ("text/plain", b"total " + b". " * 600_000 + b"_" * 200_000 + b" 12.50", '"12.50"'),
    "accents without end": ("text/plain", ("e" + "\u0301" * 400_000 + " late").encode(), "late"),
    "control characters": ("text/plain", b"late\x00\x01\x07\x1b[31mfee\x7f\x9f" * 2_000, "late"),
    "half characters": ("text/html", b"<p>late&#xD800; fee &#xDFFF;&#0;&#x110000; waived</p>", '"fee waived"'),
    "right to left": ("text/plain", "\u202eeef etal\u202c חשבון مرحبا \u2067fee\u2069".encode(), '"חשבון مرحبا fee"'),
    "every plane": ("text/plain", EVERY_PLANE.encode() + b" late", "late"),
    "what unfolds": ("text/plain", "\ufdfa".encode() * 50_000 + b" late", "late"),
    "open marks": ("text/html", b"<p>late fee</p>" + b"<a <!-- <![CDATA[" * 30_000, '"late fee"'),
    "open marks of XML": ("application/xml", b"<x>late</x>" + b"<" * 500_000, "late"),
    "many elements": ("text/html", b"<div>" * 50_000 + b"late fee", '"late fee"'),
    "a PDF of many pages": ("application/pdf", pdf_with_pages(3_000, "late fee"), '"late fee"'),
    "the index's own marks": ("text/plain", "\ue000c1 \ue000u1 late".encode(), "late"),
}  # fmt: skip


@pytest.fixture
def hostile(archive: Archive) -> Archive:
    """Return an archive with every hostile text, and a plain one beside."""
    for name, (content_type, content, _query) in HOSTILE.items():
        archive.add_file(name, "file", content, content_type, subject="A letter")
    archive.add_file("plain", "plain.txt", b"A plain letter", "text/plain")
    return archive


def test_all_are_indexed_found_and_shown(hostile: Archive, user_of: Any) -> None:
    started = time.perf_counter()
    assert index_waiting(workers=2)
    assert time.perf_counter() - started < CEILING_SECONDS
    assert reader().counts() == {"indexed": len(HOSTILE) + 1}
    auditor = user_of("auditor")
    for name, (_content_type, _content, query) in HOSTILE.items():
        resolved = resolve(f'{query} external_id:"{name}"', user=auditor)
        (hit,) = hit_list(list(get_page(resolved).rows), user=auditor, found=resolved).hits
        assert hit.snippet is not None and any(marked for _text, marked in hit.snippet.parts), name
        shown = "".join(text for text, _marked in hit.snippet.parts)
        assert len(shown) < 5_000 and not set(shown) & {"\x00", "\x1b", "\ud800", "\u202e", "\u2067"}, name
    assert found("plain", auditor) == {"plain"}
    size = sum(len(content) for _type, content, _query in HOSTILE.values())
    assert index_path().resolve().stat().st_size < 4 * size


def test_the_page_of_hits_with_hostile_texts_is_whole(hostile: Archive, client: Any, user_of: Any) -> None:
    index_text()
    client.force_login(user_of("auditor"))
    answer = client.post("/search/", {"q": "late OR letter OR same* OR begin"}, follow=True)
    assert answer.status_code == 200 and len(answer.context["hits"].hits) == len(HOSTILE) + 1
    assert len(answer.content) < 300_000 and b"\x00" not in answer.content


def test_of_endless_documents_a_part_is_indexed_and_that_is_said(archive: Archive, user_of: Any) -> None:
    archive.add_file("pages", "a.pdf", pdf_with_pages(20_000, "late fee"), "application/pdf")
    archive.add_file("words", "a.txt", b"first " + b"same " * (MOST_CHARACTERS // 5) + b" last", "text/plain")
    archive.add_file("whole", "b.txt", b"first and last", "text/plain")
    started = time.perf_counter()
    index_text()
    assert time.perf_counter() - started < 2 * CEILING_SECONDS
    told = reader().states([archive.get(name).order_key for name in ("pages", "words", "whole")])
    states = {name: told[archive.get(name).order_key][1] for name in ("pages", "words", "whole")}
    assert states == {"pages": ("indexed", IN_PART), "words": ("indexed", IN_PART), "whole": ("indexed", "")}
    auditor = user_of("auditor")
    assert found("first", auditor) == {"words", "whole"} and found("last", auditor) == {"whole"}
    assert found('"late fee"', auditor) == {"pages"}
    pages = text_of("application/pdf", pdf_with_pages(MOST_PAGES + 1, "late fee"))
    assert pages.cut and pages.pages == MOST_PAGES


@pytest.mark.parametrize(
    "text",
    [
        "same " * 300_000,
        "ab," * 200_000,
        "x" * 1_500_000,
        "total " + ". " * 900_000,
        "e" + "\u0301" * 600_000,
        "e\u0323\u0301" * 300_000,
        "\ufdfa" * 60_000,
        "\U00020000" * 400_000,
        " ".join(f"w{n:x}" for n in range(200_000)),
    ],
    ids=["same", "commas", "noise", "dots", "accents", "marks", "unfolds", "ideographs", "distinct"],
)
def test_no_text_makes_a_piece_too_large_or_pieces_too_many(text: str) -> None:
    started = time.perf_counter()
    pieces = pieces_of(plain_text(text))
    assert time.perf_counter() - started < CEILING_SECONDS
    assert pieces and sum(len(piece.text) for piece in pieces) < 3 * len(plain_text(text))
    for piece in pieces[: MOST_PIECES + 1]:
        assert (
            len(piece.text.encode()) <= MOST_BYTES + 4 * LONGEST_TAIL and len(piece.tokens.split()) <= MOST_TOKENS * 1.5
        )


def test_more_pieces_than_there_is_room_for_do_not_run_into_the_next_communication(
    archive: Archive, user_of: Any
) -> None:
    archive.add_file("many", "a.txt", b"first " + b"same " * (255 * (MOST_PIECES + 200)) + b"last", "text/plain")
    archive.add("next", issued_on="2026-10-31")
    index_text()
    auditor = user_of("auditor")
    place = place_of(archive.get("many").order_key)
    bounds = [piece_id(place, 0), piece_id(place + 1, 0)]
    ((pieces,),) = reader().all("SELECT count(*) FROM piece WHERE id >= ? AND id < ?", bounds)
    assert pieces == MOST_PIECES
    assert found("first", auditor) == {"many"} and found("last", auditor) == set()
    assert found("statement", auditor) == {"next"} and found("same", auditor) == {"many"}
