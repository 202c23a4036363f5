"""The pool of workers: documents go out, texts come back, whatever a document does to its worker.

Each worker belongs to a thread that waits for it, with a limit of time; a worker that dies or hangs is replaced, and
its document is told to have failed. Source: requirements FI-21.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archive.formats.extracted import DIED, TOO_LARGE, TOO_SLOW, Extracted, failed
from archive.search.extraction.worker import LENGTH, write_frame

LARGEST_BYTES = 256 * 1024 * 1024
LARGE_BYTES = 16 * 1024 * 1024
"""A document of more waits until no other is on its way, so that few large ones are held at a time."""
MEMORY_BYTES = 2 * 1024 * 1024 * 1024
TIMEOUT_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[3]
_WAITING_EACH = 4


@dataclass(frozen=True, slots=True)
class Job:
    """A document to be read; `reference` comes back with its text."""

    reference: Any
    content_type: str
    payload: bytes
    file_name: str = ""


Done = tuple[Any, Extracted]


class ExtractionPool:
    """Some workers; a context manager that ends them.

    Shapes: without workers, documents are read in this process: for a few that are known to be harmless.
    """

    def __init__(
        self, workers: int, *, timeout_seconds: float = TIMEOUT_SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._jobs: queue.Queue[Job | None] = queue.Queue(maxsize=max(1, workers * _WAITING_EACH))
        self._done: queue.Queue[Done] = queue.Queue()
        self._workers: set[_Worker] = set()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _number in range(workers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:  # nobody waits for what is in hand
            with contextlib.suppress(queue.Empty):
                while True:
                    self._jobs.get_nowait()
            for worker in list(self._workers):
                worker.kill()
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def extract(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Yield (reference, text) of each job, in the order in which they are done; few wait at a time."""
        out = 0
        for job in jobs:
            if not self._threads:
                yield job.reference, _here(job)
                continue
            while out and len(job.payload) > LARGE_BYTES:
                yield self._done.get()
                out -= 1
            while True:
                try:
                    self._jobs.put(job, timeout=0.02 if out else None)
                    break
                except queue.Full:
                    yield self._done.get()
                    out -= 1
            out += 1
            while not self._done.empty():
                yield self._done.get()
                out -= 1
        for _left in range(out):
            yield self._done.get()

    def _work(self) -> None:
        worker: _Worker | None = None
        try:
            while (job := self._jobs.get()) is not None:
                if len(job.payload) > LARGEST_BYTES:
                    self._done.put((job.reference, failed(TOO_LARGE)))
                    continue
                if worker is None or not worker.is_alive:
                    worker = _Worker(self._memory_bytes)
                    self._workers.add(worker)
                self._done.put((job.reference, worker.extract(job, self._timeout_seconds)))
        finally:
            if worker is not None:
                worker.end()


def _here(job: Job) -> Extracted:
    from archive.formats.text import text_of

    return text_of(job.content_type, job.payload, file_name=job.file_name)


class _Worker:
    """One process, and the talk with it."""

    def __init__(self, memory_bytes: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (our own module, no shell)
            [sys.executable, "-m", "archive.search.extraction.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def extract(self, job: Job, timeout_seconds: float) -> Extracted:
        """Return what the worker says; it is ended when it says nothing in time."""
        assert self._process.stdin is not None
        deadline = time.monotonic() + timeout_seconds
        try:
            told = {"content_type": job.content_type, "file_name": job.file_name}
            write_frame(self._process.stdin, json.dumps(told).encode())
            write_frame(self._process.stdin, job.payload)
            self._process.stdin.flush()
            answer = self._read(deadline)
        except OSError:
            answer = None
        if answer is None:
            reason = TOO_SLOW if self.is_alive else DIED
            self.end()
            return failed(reason)
        return Extracted(**json.loads(answer))

    def _read(self, deadline: float) -> bytes | None:
        head = self._exactly(LENGTH.size, deadline)
        return self._exactly(LENGTH.unpack(head)[0], deadline) if head is not None else None

    def _exactly(self, size: int, deadline: float) -> bytes | None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while size:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(descriptor, min(size, 1 << 20)) if ready else b""
            if not part:
                self._process.poll()
                if ready:  # it closed: it ends, or has
                    self._process.wait(5)
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def kill(self) -> None:
        """Kill the process, whatever it does; who waits for its answer hears of it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def end(self) -> None:
        """End the process, and forget it."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
