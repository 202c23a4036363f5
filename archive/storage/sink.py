"""Write and hash a pack in a thread of its own, so that the load reads and decides meanwhile: both release the GIL."""

from __future__ import annotations

import datetime
import hashlib
import queue
import threading

from archive.storage.contract import Created, PendingObject

PIECES_WAITING = 4


class BackgroundSink:
    """Takes pieces of about a MiB; an error of the store comes out of the next call."""

    def __init__(self, pending: PendingObject) -> None:
        self.key = pending.key
        self._pending = pending
        self._digest = hashlib.sha256()
        self._queue: queue.Queue[bytes | None] = queue.Queue(PIECES_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="pack-writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Append a piece; waits while several are waiting. Errors: those of the store."""
        self._raise()
        self._queue.put(data)

    def seal(self, lock_until: datetime.date | None) -> tuple[Created, bytes]:
        """Wait for what is left and make the object durable; returns it with the SHA-256 of all pieces."""
        self._end()
        self._raise()
        return self._pending.seal(lock_until=lock_until), self._digest.digest()

    def discard(self) -> None:
        """Drop the object."""
        self._end()
        self._pending.discard()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (data := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._digest.update(data)
                    self._pending.write(data)
                except BaseException as error:  # told by the next call from outside
                    self._error = error
