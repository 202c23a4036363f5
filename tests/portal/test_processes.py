"""What a process writes is for its own account only, from the first file on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.processes import readable_by_others

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command", [("manage.py", "check"), ("-c", "import portal.celery; portal.celery.app.conf.beat")]
)
def test_a_new_data_folder_is_private_whatever_the_account_is_used_to(tmp_path: Path, command: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    environment = {**os.environ, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings", "SECRET_KEY": ""}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, umask=0o002, capture_output=True, text=True, timeout=60
    )
    assert data.is_dir(), done.stderr
    assert [path for path in (data, *data.rglob("*")) if path.lstat().st_mode & 0o077] == []
    assert len(list(data.rglob("*"))) >= 4, "there are files and folders in it"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_folder_that_is_wider_is_said_and_left_as_it_is(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert "chmod 700 closes it" in readable_by_others(tmp_path) and tmp_path.stat().st_mode & 0o777 == mode
    tmp_path.chmod(0o700)
    assert readable_by_others(tmp_path) == ""
