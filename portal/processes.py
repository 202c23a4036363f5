"""What every process of ours is: its files are private, and it does not outlive the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def keep_files_private() -> None:
    """Let what this process and its children write be read by this account only; called before settings are read."""
    os.umask(0o077)


def readable_by_others(folder: Path) -> str:
    """Return a sentence for the operator when other accounts can get into a folder, else an empty text."""
    if folder.stat().st_mode & 0o077 == 0:
        return ""
    return f"DATA_DIR {folder} is open to other accounts of this machine; chmod 700 closes it."


def end_with_parent() -> None:
    """End this process at once when its parent is gone.

    A worker of the web server would keep its port, one of Celery would keep working beside its successor. What the
    kernel offers for this (PR_SET_PDEATHSIG) is bound to the thread that forked, which may end before its process.
    """
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
