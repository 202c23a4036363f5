"""A disk that fills up under a load of real processes: nothing half is left, and with room again it goes on (FI-09)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.installations import Installation
from tests.soak.test_kills import large

pytestmark = pytest.mark.soak


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that is a disk of 512 MiB, or skip where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("free_kib", [64, 2_000, 8_000, 20_000, 40_000, 52_000])
def test_a_load_on_a_full_disk_ends_clearly_and_goes_on_with_room_again(
    disk: Path, tmp_path: Path, free_kib: int
) -> None:
    at = Installation.new(disk / "data")
    path = large(tmp_path / "large.tar")
    ballast = disk / "ballast"
    room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room - free_kib * 1024)
    process = at.start("manage.py", "ingest", str(path), "--producer", "engine", "--json")
    said, complained = process.communicate(timeout=300)
    print(f"\n{free_kib} KiB free: exit {process.returncode}, {said}{complained[-300:]}")
    assert process.returncode != 0
    assert "No space is left" in complained and "Traceback" not in complained
    ballast.unlink()
    at.inside("check")
    at.inside("settle")
    at.inside("check", "settled")
    again = json.loads(at.run("manage.py", "ingest", str(path), "--producer", "engine", "--json"))
    assert again["received"] == 4_000 == len(at.facts()["external_ids"])
    at.inside("settle")
    at.inside("check", "settled")
