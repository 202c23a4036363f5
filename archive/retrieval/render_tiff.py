"""Draw one page of a TIFF: TIFF on standard input, page number as argument, PNG on standard output."""

from __future__ import annotations

import io
import sys

from archive.retrieval.limited import set_limits
from archive.retrieval.render_page import NO_SUCH_PAGE

WIDTH_PIXELS = 1_400
MOST_STRETCH = 4.0


def main() -> None:
    """Draw within limits of memory and time. A fax has fewer lines than dots: it is stretched to what paper shows."""
    set_limits()
    from PIL import Image

    picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=("TIFF",))
    try:
        picture.seek(int(sys.argv[1]) - 1)
    except EOFError:
        sys.exit(NO_SUCH_PAGE)
    across, down = (float(value) or 1.0 for value in picture.info.get("dpi", (1, 1)))
    stretch = min(max(across / down, 1 / MOST_STRETCH), MOST_STRETCH)
    width = min(picture.width, WIDTH_PIXELS)
    height = max(1, round(picture.height * stretch * width / picture.width))
    shown = picture.convert("RGB" if picture.mode not in ("1", "L") else "L")
    written = io.BytesIO()
    shown.resize((width, height)).save(written, "PNG")
    sys.stdout.buffer.write(written.getvalue())


if __name__ == "__main__":
    main()
