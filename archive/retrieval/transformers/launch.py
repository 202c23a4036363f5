"""Start a program without network and with limits: arguments are the program's; it replaces this process.

Exit code 126 says that the network could not be closed off and that this was asked for (`--probe`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

MEMORY_BYTES = 1024 * 1024 * 1024
FILE_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 30
PROCESSES = 16
OPEN_FILES = 64
NO_ISOLATION = 126
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER of sched.h


def close_network() -> bool:
    """Move into a network of its own that leads nowhere; False where the system does not allow it."""
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return False
    return any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER))


def main() -> None:
    """Close the network where that is allowed, set the limits, become the program."""
    closed = close_network()
    if sys.argv[1] == "--probe":
        sys.exit(0 if closed else NO_ISOLATION)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  (no shell)


if __name__ == "__main__":
    main()
