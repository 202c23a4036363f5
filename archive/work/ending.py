"""Whether this worker is told to end: known at once to all processes that were forked after this was imported."""

from __future__ import annotations

import mmap

_flag = mmap.mmap(-1, 1)  # anonymous and shared: what the parent writes its children read


def begin() -> None:
    """Ask work in hand to stop at its next heartbeat, and nothing more to be begun."""
    _flag[0] = 1


def is_asked() -> bool:
    """Tell whether the end was asked for."""
    return bool(_flag[0])


def forget() -> None:
    """Begin anew, as a process that starts does."""
    _flag[0] = 0
