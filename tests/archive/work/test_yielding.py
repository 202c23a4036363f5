"""Processes that only work in the background leave the processor to those that answer people."""

from __future__ import annotations

import subprocess
import sys

from archive.work.yielding import NICENESS

CODE = "import os; from archive.work.yielding import yield_to_people; {0}yield_to_people(); print(os.nice(0))"


def _niceness_after(before: str = "") -> int:
    told = subprocess.run([sys.executable, "-c", CODE.format(before)], check=True, capture_output=True, text=True)
    return int(told.stdout)


def test_it_yields_once_however_often_it_is_asked() -> None:
    assert _niceness_after("yield_to_people(); ") == NICENESS


def test_a_process_that_yields_more_already_stays_so() -> None:
    assert _niceness_after("os.nice(18); ") == 18
