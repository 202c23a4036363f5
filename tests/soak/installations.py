"""Installations of their own for long runs: real processes on a data folder, killed with everything they started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.configuration import CONFIGURATION

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Installation:
    """One data folder and the processes that work on it."""

    data: Path

    @classmethod
    def new(cls, data: Path) -> Installation:
        """Make an empty one, configured."""
        made = cls(data)
        data.mkdir(parents=True)
        configuration = data.parent / f"{data.name}.json"
        configuration.write_text(json.dumps(CONFIGURATION))
        made.run("manage.py", "migrate", "-v0")
        made.run("manage.py", "configure", str(configuration))
        return made

    def copy(self, data: Path) -> Installation:
        """Make another one like it."""
        shutil.copytree(self.data, data)
        return Installation(data)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a process in a group of its own."""
        kept = {key: value for key, value in os.environ.items() if key not in ("DJANGO_SETTINGS_MODULE", "DATA_DIR")}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**kept, "DATA_DIR": str(self.data), "DJANGO_SETTINGS_MODULE": "portal.settings"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int | None = 0) -> str:
        """Run a process to its end; return what it printed."""
        process = self.start(*arguments)
        said, complained = process.communicate(timeout=600)
        if code is not None:
            assert process.returncode == code, f"{' '.join(arguments)}: {said}{complained}"
        return said

    def kill_after(self, seconds: float, *arguments: str) -> bool:
        """Start a process and kill its whole tree after a while; tell whether it was still at work."""
        process = self.start(*arguments)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        return False

    def inside(self, step: str, *rest: str) -> str:
        """Take a step of `tests.soak.inside`."""
        return self.run("-m", "tests.soak.inside", step, *rest)

    def facts(self) -> Any:
        """Return what came in."""
        return json.loads(self.inside("facts"))


def seconds_of(installation: Installation, *arguments: str) -> float:
    """Return how long a process takes when nobody kills it."""
    started = time.monotonic()
    installation.run(*arguments, code=None)
    return time.monotonic() - started
