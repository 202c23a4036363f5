"""Configuration files for tests: whole, changed, and written to disk."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.configuration import CONFIGURATION


def changed(**sections: Any) -> dict[str, Any]:
    """Return the configuration of the tests with other sections."""
    return {**copy.deepcopy(CONFIGURATION), **sections}


def only(**sections: Any) -> dict[str, Any]:
    """Return a file of these sections alone."""
    return {"vellum_configuration": 1, **sections}


def written(path: Path, content: Any) -> Path:
    """Write a file."""
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
