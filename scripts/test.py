"""`make test`: checks, then the tests without a browser, then those in one; says at its end what ran where."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?)")


def run(title: str, command: list[str]) -> tuple[str, int, str, float]:
    """Run one step with its output shown; returns its title, exit code, last line and seconds."""
    print(f"\n== {title}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = ""
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if _COUNTS.search(line):
            last = line.strip().strip("= ")
    return title, process.wait(), last, time.monotonic() - started


def main() -> int:
    """Run all steps, even after one failed, so that one run tells everything."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-m"]
    steps = [
        run("checks: format, lint, migrations, types", ["make", "--no-print-directory", "check"]),
        run("tests on SQLite and local files", [*pytest, "not browser and not soak", "-n", "2", "--dist", "loadfile"]),
        run("tests in Chromium", [*pytest, "browser and not soak"]),
    ]
    print("\n== what ran")
    for title, code, last, seconds in steps:
        print(f"{'ok    ' if code == 0 else 'FAILED'} {seconds:6.1f} s  {title}  {last}")
    passed = sum(int(number) for step in steps for number, word in _COUNTS.findall(step[2]) if word == "passed")
    failed = sum(
        int(number)
        for step in steps
        for number, word in _COUNTS.findall(step[2])
        if word != "passed" and word != "skipped"
    )
    skipped = sum(int(number) for step in steps for number, word in _COUNTS.findall(step[2]) if word == "skipped")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if any(step[1] for step in steps) else 0


if __name__ == "__main__":
    sys.exit(main())
