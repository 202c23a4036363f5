"""Read a document's text: content type and a name's ending as arguments, document on standard input, JSON out."""

from __future__ import annotations

import dataclasses
import json
import sys

from archive.retrieval.limited import set_limits


def main() -> None:
    """Read within limits of memory and time."""
    set_limits()
    from archive.formats.extracted import TOO_LARGE, failed
    from archive.formats.text import text_of

    try:
        found = text_of(sys.argv[1], sys.stdin.buffer.read(), file_name=f"x.{sys.argv[2]}")
    except (MemoryError, RecursionError):
        found = failed(TOO_LARGE)
    text = found.text.encode(errors="replace").decode()  # half characters of a broken file
    sys.stdout.buffer.write(json.dumps({**dataclasses.asdict(found), "text": text}).encode())


if __name__ == "__main__":
    main()
