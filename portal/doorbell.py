"""The broker over files: messages that appear whole or not at all, and a worker that no broken one can end.

kombu writes a message in place: a worker may read it before its bytes are there, and what does not parse ends the
worker. Here a message is written under a hidden name and renamed; what does not parse is removed. A doorbell that is
lost costs a delay (archive/work), so nothing is tried again here.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)
LEFT_BEHIND_SECONDS = 60.0


class Channel(filesystem.Channel):
    """A folder of messages, one file each: `<milliseconds>_<uuid>.<queue>.msg`."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # stubs disagree
        """Put a message where `_get` finds it. Errors: ChannelError when the folder cannot be written."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        hidden = folder / f".{name}"
        try:
            hidden.write_text(dumps(payload), encoding="utf-8")
            hidden.rename(folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                hidden.unlink(missing_ok=True)
            raise ChannelError(f"Cannot add a message to {folder}: {error.strerror}.") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the next message; one that another took first, or that is none, is passed over. Errors: Empty."""
        folder = Path(self.data_folder_in)
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                _clear_left_behind(path)
            elif path.name.partition(".")[2] == f"{queue}.msg":
                message = _take(path)
                if message is not None:
                    return message
        raise Empty


class Transport(filesystem.Transport):
    """kombu's transport over files with our channel."""

    Channel = Channel


def _take(path: Path) -> dict[str, Any] | None:
    """Return a message and remove it: only one of several takers can rename it; None when there is none to be had."""
    taken = path.with_name(f".{uuid.uuid4()}.taken")
    try:
        path.rename(taken)
        text = taken.read_bytes()
        taken.unlink()
    except OSError:
        return None
    try:
        message = loads(text.decode())
    except Exception:  # whatever can be wrong with bytes
        message = None
    if isinstance(message, dict) and {"body", "headers", "properties"} <= message.keys():
        return message
    logger.warning("A doorbell that could not be read was removed; the sweeper finds the work.")
    return None


def _clear_left_behind(path: Path) -> None:
    """Remove what a process that was killed left half-written or half-taken."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > LEFT_BEHIND_SECONDS:
            path.unlink()
