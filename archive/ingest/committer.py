"""Commit what is full in a process of its own, while the load reads and decides the next.

A second process, because a thread would share one interpreter lock with the reading: every row that SQLite takes gives
the lock away and waits for it again (measured: 2,800 documents a second with a thread). Packs are sealed
here, in a thread that only waits for the disk; their rows go to the child by a pipe, in order. A small load never
starts the child.
"""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from django.db import connection

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.catalogue import Catalogue
from archive.ingest.commit import PartWriter
from archive.ingest.identity import Identity
from archive.ingest.rows import Part, RowBuilder, Tables
from archive.storage.packing import ClosedPacks, SealedPack

PIPE_BYTES = 1024 * 1024
_DIED = "The committing process ended unexpectedly. Resume the load."


class CommitterDiedError(Exception):
    """The committing process ended without saying why; the load can be resumed."""


@dataclass(slots=True)
class Closed:
    """Packs that are full, and the parts that point into them, ready to be sealed and committed."""

    packs: ClosedPacks
    parts: list[Part]
    identities: list[Identity]
    round: int


@dataclass(slots=True)
class Task:
    """What the child is told at its start."""

    database: str
    load_id: int
    actor: Actor
    catalogue: Catalogue


class Writing:
    """Writes parts in order and counts the time between them."""

    def __init__(self, load: Load, actor: Actor, catalogue: Catalogue) -> None:
        rows = RowBuilder(load_id=load.pk, producer_id=load.producer_id, catalogue=catalogue)
        self._writer = PartWriter(load=load, tables=Tables(catalogue.slots), actor=actor, rows=rows)
        self._clock = time.monotonic()

    def write(self, sealed: list[SealedPack], parts: list[Part]) -> None:
        """Write the parts that belong to some sealed packs."""
        for part in parts:
            now = time.monotonic()
            seconds, self._clock = now - self._clock, now
            self._writer.write(part, sealed=sealed, seconds=seconds)
            sealed = []


class Committer:
    """The parent's side. An error of either side comes out of the next call.

    Shapes: `committed` is called, in another thread, when the rows of a round are in the database.
    """

    def __init__(self, *, load: Load, actor: Actor, catalogue: Catalogue, committed: Callable[[Closed], None]) -> None:
        self._load = load
        self._actor = actor
        self._catalogue = catalogue
        self._committed = committed
        self._queue: queue.Queue[Closed | None] = queue.Queue(maxsize=1)
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._here: Writing | None = None if not connection.in_atomic_block else Writing(load, actor, catalogue)

    @property
    def started(self) -> bool:
        """Tell whether the child runs."""
        return self._thread is not None

    def commit_here(self, closed: Closed) -> None:
        """Seal and commit in this process."""
        if self._here is None:
            self._here = Writing(self._load, self._actor, self._catalogue)
        self._here.write(closed.packs.seal(), closed.parts)
        self._committed(closed)

    def start(self) -> None:
        """Start the child, so that it is ready by the time the first round is full."""
        if self._thread is None and self._here is None:
            self._thread = threading.Thread(target=self._work, name="load-sealer", daemon=True)
            self._thread.start()

    def put(self, closed: Closed) -> None:
        """Hand over a round; waits while one is waiting. Inside a transaction of the caller all is done here."""
        if self._here is not None:
            self.commit_here(closed)
            return
        self.start()
        while True:
            self._raise()
            try:
                self._queue.put(closed, timeout=0.1)
            except queue.Full:
                continue
            return

    def finish(self) -> None:
        """Wait until all is committed."""
        self._end()
        self._raise()

    def abandon(self) -> None:
        """Drop what is not sealed yet; what the child has in hand it still commits, whole."""
        self._error = self._error or CommitterDiedError("The load was broken off.")
        self._end()

    def _end(self) -> None:
        if self._thread is None:
            return
        while self._thread.is_alive():
            try:
                self._queue.put(None, timeout=0.1)
            except queue.Full:
                continue
            break
        self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with _Child(
                Task(str(connection.settings_dict["NAME"]), self._load.pk, self._actor, self._catalogue)
            ) as child:
                self._hand_over(child)
        except BaseException as error:
            self._error = error
            while (left := self._queue.get()) is not None:  # keep taking, so that nobody waits for ever on a full queue
                left.packs.discard()
        finally:
            connection.close()

    def _hand_over(self, child: _Child) -> None:
        """Seal each round while the child commits the one before."""
        committing: Closed | None = None
        while (closed := self._queue.get()) is not None:
            if self._error is not None:
                closed.packs.discard()
                continue
            sealed = closed.packs.seal()
            if committing is not None:
                child.wait()
                self._committed(committing)
            child.commit(sealed, closed.parts)
            committing = closed
        if committing is not None:
            child.wait()
            self._committed(committing)


class _Child:
    """The committing process and its pipes."""

    def __init__(self, task: Task) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "archive.ingest.committing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        _widen(self._process.stdin)
        send(self._process.stdin, task)

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def commit(self, sealed: list[SealedPack], parts: list[Part]) -> None:
        """Let one round be committed; `wait` tells of its end. Errors: CommitterDiedError."""
        try:
            # Plain values: marshal writes them four times as fast as pickle, and the child is the same Python.
            send(self._process.stdin, (sealed, marshal.dumps([part.to_plain() for part in parts], 2)))
        except BrokenPipeError:
            raise CommitterDiedError(_DIED) from None

    def wait(self) -> None:
        """Wait until the round is committed. Errors: what the child raised; CommitterDiedError."""
        try:
            answer = pickle.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S301  (our own child)
        except EOFError:
            raise CommitterDiedError(_DIED) from None
        if answer is not None:
            raise answer


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold a MiB where the system can: each 64 KiB would hand the interpreter lock over once more."""
    widen = getattr(fcntl, "F_SETPIPE_SZ", None)
    if pipe is not None and widen is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), widen, PIPE_BYTES)


def send(pipe: IO[bytes] | None, message: Any) -> None:
    """Write one message to a pipe."""
    assert pipe is not None
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()
