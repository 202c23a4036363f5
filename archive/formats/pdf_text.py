"""The text layer of a PDF. Runs in a process with limits: PDFium is not thread-safe, and files are hostile."""

from __future__ import annotations

from archive.formats.extracted import (
    BROKEN,
    ENCRYPTED,
    MOST_CHARACTERS,
    MOST_PAGES,
    SCAN,
    Extracted,
    as_extracted,
    failed,
)


def text_of_pdf(payload: bytes) -> Extracted:
    """Return the text of at most 2,000 pages, a line break between two.

    Shapes: a PDF whose pages are pictures has no text, which is no failure; one with a password cannot be read. A page
    that cannot be read is passed over.
    """
    import pypdfium2  # here, so that only processes that read PDFs load PDFium
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(payload)
    except pypdfium2.PdfiumError as error:
        return failed(ENCRYPTED if error.err_code == raw.FPDF_ERR_PASSWORD else BROKEN)
    try:
        pages = min(len(document), MOST_PAGES)
        parts: list[str] = []
        size = 0
        for number in range(pages):
            parts.append(_page(document, number))
            size += len(parts[-1])
            if size > MOST_CHARACTERS:
                break
        return as_extracted("\n".join(parts), pages=pages, cut=len(document) > pages, reason=SCAN)
    finally:
        document.close()


def _page(document: object, number: int) -> str:
    import pypdfium2

    try:
        page = document[number]  # type: ignore[index]
        text = page.get_textpage()
        found: str = text.get_text_bounded(errors="ignore")
        text.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    # PDFium marks a word that was broken at the end of a line, and writes what it has no character for as U+FFFE.
    return found.replace("\ufffe\r\n", "").replace("\ufffe", "")
