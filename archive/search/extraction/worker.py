"""A worker: takes documents from standard input one after the other, and answers with their texts.

Frames are a length of eight bytes and that many bytes; a job's first frame is JSON, its second the document, the answer
is one frame of JSON. The parent ends a worker that takes too long; what it asks of memory beyond the limit it is not
given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import struct
import sys
from typing import IO

NICENESS = 19
LENGTH = struct.Struct(">Q")


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame, or None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Write a frame."""
    stream.write(LENGTH.pack(len(content)))
    stream.write(content)


def main() -> None:
    """Extract until the parent closes; limits are set before any document is looked at."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    from archive.formats.extracted import TOO_LARGE, failed
    from archive.formats.text import text_of

    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not come between the answers
    while (told := read_frame(source)) is not None and (payload := read_frame(source)) is not None:
        job = json.loads(told)
        try:
            found = text_of(job["content_type"], payload, file_name=job["file_name"])
        except (MemoryError, RecursionError):
            found = failed(TOO_LARGE)
        # Half characters that a broken file leads to must not break the answer.
        text = found.text.encode(errors="replace").decode()
        write_frame(answers, json.dumps({**dataclasses.asdict(found), "text": text}).encode())
        answers.flush()


if __name__ == "__main__":
    main()
