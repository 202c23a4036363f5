"""Peak memory of a load: the process and the one that commits for it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.harness import ROOT, Installation

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def ingest_with_peak(place: Installation, package: Path) -> tuple[float, dict[str, Any]]:
    """Load a package and return the sum of both processes' peaks, in MiB, with the report."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "ingest", str(package), "--producer", "exstream-prod", "--json"],
        cwd=ROOT,
        env=place.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    peaks: dict[int, int] = {}
    while process.poll() is None:
        for pid in (process.pid, *_children(process.pid)):
            found = _PEAK.search(_status(pid))
            if found:
                peaks[pid] = max(peaks.get(pid, 0), int(found.group(1)))
        time.sleep(0.05)
    assert process.stdout is not None
    return sum(peaks.values()) / 1024, json.loads(process.stdout.read())


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + _of_threads(pid)
    except OSError:
        return []


def _of_threads(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        if task.name != str(pid):
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue
    return found


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
