"""Read a configuration file and check its form against the published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from portal.configuration.errors import ConfigurationError

SCHEMA = Path(__file__).with_name("schema.json")


def read(path: Path) -> dict[str, Any]:
    """Return the content of a file.

    Errors: ConfigurationError names line and character of broken JSON, or each place that is not of the right form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise ConfigurationError([f"{path.name}, line {error.lineno}, character {error.colno}: {error.msg}."]) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path.name} is not UTF-8 at byte {error.start + 1}. Save it as UTF-8."]) from None
    except OSError as error:
        raise ConfigurationError([f"{path} cannot be read: {error.strerror}."]) from None
    problems = [
        f"{path.name}, {_place(error.absolute_path)}: {error.message}"
        for error in sorted(
            _validator().iter_errors(content), key=lambda error: [str(part) for part in error.absolute_path]
        )
    ]
    if problems:
        raise ConfigurationError(problems)
    return dict(content)


def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _place(parts: Any) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.lstrip(".") or "the top"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ConfigurationError([f"A key stands there twice among {', '.join(key for key, _ in pairs)}. Keep one."])
    return found
