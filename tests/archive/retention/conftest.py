"""An archive with the configuration of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.documents.archives import Archive


@pytest.fixture
def archive(configured: None, tmp_path: Path) -> Archive:
    """Return an empty archive."""
    return Archive(tmp_path)
