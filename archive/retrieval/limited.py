"""Programs of ours that look into hostile files, each in a process of its own with limits of time and memory (FI-21).

A worker is a module of this package: the document on standard input, what is wanted as arguments, the answer on
standard output. It sets its limits itself before it reads.
"""

from __future__ import annotations

import resource
import subprocess
import sys

TIMEOUT_SECONDS = 20
CPU_SECONDS = 15
MEMORY_BYTES = 1024 * 1024 * 1024
LARGEST_BYTES = 64 * 1024 * 1024


class CannotShowError(Exception):
    """A document cannot be shown in this way; the message says why, and what to do."""


class TooSlowError(CannotShowError):
    """A worker did not end in time."""


def set_limits() -> None:
    """Limit this process; called first by workers."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_worker(module: str, *arguments: str, payload: bytes) -> tuple[int, bytes]:
    """Return a worker's exit code and what it wrote; other codes than 0 and its own mean that it broke off.

    Errors: TooSlowError.
    """
    try:
        done = subprocess.run(  # noqa: S603  (our own module, no shell)
            [sys.executable, "-m", f"archive.retrieval.{module}", *arguments],
            input=payload,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooSlowError("This took too long.") from None
    return done.returncode, done.stdout
