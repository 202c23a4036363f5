"""Draw one PDF page: PDF on standard input, page number as argument, PNG on standard output."""

from __future__ import annotations

import io
import sys

from archive.retrieval.limited import set_limits

WIDTH_PIXELS = 1_000
MOST_SCALE = 4.0
NO_SUCH_PAGE = 3
"""The exit code for a number beyond the last page."""


def main() -> None:
    """Draw within limits of memory and time; any failure is a failure of this process alone."""
    set_limits()
    import pypdfium2

    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    number = int(sys.argv[1])
    if number > len(document):
        sys.exit(NO_SUCH_PAGE)
    page = document[number - 1]
    scale = min(WIDTH_PIXELS / max(page.get_width(), 1), MOST_SCALE)
    picture = io.BytesIO()
    page.render(scale=scale).to_pil().save(picture, "PNG")
    sys.stdout.buffer.write(picture.getvalue())


if __name__ == "__main__":
    main()
