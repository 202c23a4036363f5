"""Static files are collected where one changed, and left alone where none did."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command


@pytest.fixture
def folders(tmp_path: Path, settings: Any) -> tuple[Path, Path]:
    """Return a folder of sources and the one where they are collected."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "a.css").write_text("a")
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], target
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    return source, target


def collected(target: Path) -> dict[str, str]:
    """Collect; return names and contents of what lies there."""
    call_command("collect_static")
    return {path.name: path.read_text() for path in target.iterdir() if not path.name.startswith(".")}


def test_a_change_is_collected_and_without_one_nothing_is_done(folders: tuple[Path, Path]) -> None:
    source, target = folders
    assert collected(target) == {"a.css": "a"}
    (target / "a.css").write_text("kept, for nothing changed")
    assert collected(target) == {"a.css": "kept, for nothing changed"}
    (source / "a.css").write_text("changed")
    later = time.time() + 10  # Django compares whole seconds
    os.utime(source / "a.css", (later, later))
    (source / "b.css").write_text("b")
    assert collected(target) == {"a.css": "changed", "b.css": "b"}


def test_one_that_broke_off_is_done_again(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = folders
    assert collected(target) == {"a.css": "a"}
    (source / "a.css").unlink()
    (source / "c.css").symlink_to(source / "nowhere")
    with pytest.raises(OSError):
        call_command("collect_static")
    (source / "c.css").unlink()
    (source / "c.css").write_text("c")
    assert collected(target)["c.css"] == "c"
