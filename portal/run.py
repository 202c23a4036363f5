"""`python -m portal.run`: web server, worker and clock under one parent.

Ctrl-C ends all of them gracefully; a child that dies is started again and that is said; if the parent is killed its
children end too.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from portal.env import BadSettingError, Env
from portal.processes import keep_files_private, readable_by_others

GRACE_SECONDS = 30
LONGEST_WAIT = 30.0
_PR_SET_PDEATHSIG = 1


class CannotStartError(Exception):
    """The installation cannot start; the message says why and what to do."""


@dataclass(slots=True)
class Child:
    """One process of ours and how often it was started."""

    name: str
    command: list[str]
    process: subprocess.Popen[str] | None = None
    starts: int = 0
    started_at: float = 0.0
    next_start: float = 0.0
    wait: float = field(default=0.5)


def commands(port: int) -> list[Child]:
    """Return what runs: granian with threads was measured against others (DECISIONS 13). Errors: BadSettingError."""
    python, env = sys.executable, Env()
    workers = env.integer("WEB_WORKERS", 2, least=1, most=64)
    threads = env.integer("WEB_THREADS", 16, least=1, most=256)
    web = [python, "-m", "granian", "--interface", "wsgi", "--host", env.text("HOST", "127.0.0.1")]
    web += ["--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    web += ["--workers-kill-timeout", "30", "--no-ws", "--log-level", "error", "portal.wsgi:application"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    celery = [python, "-m", "celery", "--quiet", "-A", "portal"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "ERROR", *quiet]
    beat = [*celery, "beat", "--loglevel", "ERROR", "--pidfile="]
    return [Child("web", web), Child("worker", worker), Child("clock", beat)]


class Supervisor:
    """Starts children, starts dead ones again, ends all."""

    def __init__(self, children: list[Child], say: IO[str] = sys.stdout) -> None:
        self.children = children
        self._say = say
        self._ending = False

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; returns the exit code."""
        signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGTERM, self._end)
        for child in self.children:
            self._start(child)
        while not self._ending:
            time.sleep(0.2)
            for child in self.children:
                self._look_after(child)
        self._end_all()
        return 0

    def say(self, text: str) -> None:
        """Print a line of the parent's own."""
        print(f"vellum | {text}", file=self._say, flush=True)

    def _start(self, child: Child) -> None:
        child.starts += 1
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the parent only, which ends its children in order
            preexec_fn=_die_with_parent,
        )
        threading.Thread(target=self._forward, args=(child,), daemon=True).start()

    def _forward(self, child: Child) -> None:
        process = child.process
        assert process is not None and process.stdout is not None
        for line in process.stdout:
            print(f"{child.name:6} | {line}", end="", file=self._say, flush=True)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            code = child.process.returncode
            _end_group(child.process.pid)  # processes of its own would keep its port, or its work, for ever
            child.wait = 0.5 if now - child.started_at > 60 else min(child.wait * 2, LONGEST_WAIT)
            self.say(f"{child.name} ended with {code}; it is started again in {child.wait:.0f} s.")
            child.process, child.next_start = None, now + child.wait
        if child.process is None and now >= child.next_start and not self._ending:
            self._start(child)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True

    def _end_all(self) -> None:
        self.say("ending: requests in hand are answered, loads under way go on at the next start.")
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _end_group(process.pid)


def _end_group(group: int) -> None:
    """End what is left of a child and the processes it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _die_with_parent() -> None:
    """Ask the kernel to end this child with its parent; where it cannot (not Linux), nothing happens."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def claim(data_dir: Path) -> IO[str]:
    """Take the lock of a data folder: two instances on one would hold each other up.

    Errors: CannotStartError.
    """
    try:
        lock = (data_dir / "instance.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStartError(
            f"Another instance runs on {data_dir}. End it, or set DATA_DIR to another folder."
        ) from None
    except OSError as error:
        raise CannotStartError(
            f"DATA_DIR {data_dir} cannot be written: {error.strerror}. Choose another folder."
        ) from None
    return lock


def check_port(host: str, port: int) -> None:
    """Errors: CannotStartError when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStartError(f"Port {port} cannot be used: {error.strerror}. Set PORT to another one.") from None


def main() -> int:
    """Start everything; returns the exit code."""
    keep_files_private()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    try:
        django.setup()
        children = commands(Env().integer("PORT", 8000, least=1, most=65535))
    except BadSettingError as error:
        print(error, file=sys.stderr)
        return 1
    from django.conf import settings

    from archive.audit.triggers import MissingTriggerError
    from portal.start import refuse_when_unsafe

    try:
        refuse_when_unsafe()
        lock = claim(settings.DATA_DIR)
        check_port(Env().text("HOST", "127.0.0.1"), settings.PORT)
    except (CannotStartError, MissingTriggerError) as error:
        print(error, file=sys.stderr)
        return 1
    supervisor = Supervisor(children)
    supervisor.say(f"Vellum answers at http://localhost:{settings.PORT}/ in a moment. Ctrl-C ends it.")
    if told := readable_by_others(settings.DATA_DIR):
        supervisor.say(told)
    sign_ins = settings.DATA_DIR / "demo_sign_ins.txt"
    if sign_ins.exists():
        for line in sign_ins.read_text().splitlines():
            supervisor.say(line)
    with lock:
        return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
