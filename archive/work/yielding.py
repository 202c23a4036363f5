"""Background work leaves the processor to people: it takes what is left, and all of it when nobody waits."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 15
"""Measured with eight readers on two cores: half the time for a search beside a load, which is a tenth slower."""
_SESSION = Path("/proc/self/autogroup")


def yield_to_people(*, own_session: bool = False) -> None:
    """Lower this process's priority, and that of what it starts; for processes that only work in the background.

    Shapes: with `own_session`, that of the whole session, which Linux weighs as one where it groups processes by it
    (sched(7), "The autogroup feature"); not for a command, whose session is somebody's terminal.
    """
    os.nice(max(0, NICENESS - os.nice(0)))
    if own_session:
        with contextlib.suppress(OSError):  # no such feature, or no right to it
            _SESSION.write_text(str(NICENESS))
