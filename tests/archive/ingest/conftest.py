"""Fixtures of ingest: load members as a package, the whole way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.running import run_now
from archive.ingest.services import LoadRequest, create_load
from tests.archive.ingest.packages import write_tar

ACTOR = Actor.system("tests")


def load_package(path: Path, **request: Any) -> Load:
    """Load a package by the real pipeline and return its load as it stands in the end."""
    asked = LoadRequest(path=path, producer_key="engine", **request)
    load = run_now(create_load(asked, actor=ACTOR), actor=ACTOR)
    load.refresh_from_db()
    return load


@pytest.fixture
def load_members(configured: None, tmp_path: Path) -> Callable[..., Load]:
    """Return a function that writes members to a tar and loads it."""
    counter = iter(range(1_000))

    def load(members: dict[str, bytes], **request: Any) -> Load:
        return load_package(write_tar(tmp_path / f"package{next(counter)}.tar", members), **request)

    return load


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that is a disk of 4 MiB, or skip where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
