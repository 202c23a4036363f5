"""Read settings from environment variables, typed; a bad value stops the start and names its variable."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class BadSettingError(ValueError):
    """A variable has a value that cannot be used; the message names the variable and what would be right."""


class Env:
    """A typed view on environment variables.

    Shapes: each method takes the variable's name and the value used when it is absent or empty.
    Errors: BadSettingError names the variable, shows the value and says what is accepted.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def text(self, name: str, default: str) -> str:
        """Return the value as it stands."""
        return self._variables.get(name, "") or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return the value if it is one of those allowed."""
        value = self.text(name, default)
        if value not in allowed:
            raise BadSettingError(f"{name} is {value!r}. Use one of: {', '.join(allowed)}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return a truth value: 1, true, yes, on or 0, false, no, off."""
        value = self._variables.get(name, "").strip().lower()
        if not value:
            return default
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        raise BadSettingError(f"{name} is {value!r}. Use 1 or 0.")

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`, both included."""
        value = self._variables.get(name, "").strip()
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise BadSettingError(f"{name} is {value!r}. Use a whole number from {least} to {most}.") from None
        if not least <= number <= most:
            raise BadSettingError(f"{name} is {number}. Use a whole number from {least} to {most}.")
        return number

    def folder(self, name: str, default: Path) -> Path:
        """Return an absolute path; a path that exists and is no folder is refused."""
        path = Path(self.text(name, str(default))).expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise BadSettingError(f"{name} is {str(path)!r}, which is a file. Use a folder.")
        return path

    def zone(self, name: str, default: str) -> str:
        """Return the name of a time zone."""
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise BadSettingError(f"{name} is {value!r}. Use a time zone's name such as Europe/Berlin.") from None
        return value

    def addresses(self, name: str) -> list[str]:
        """Return a comma-separated list of IP addresses, empty when absent."""
        found = self.words(name, ())
        for value in found:
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise BadSettingError(
                    f"{name} has {value!r}. Use IP addresses, separated by commas, such as 127.0.0.1."
                ) from None
        return found

    def words(self, name: str, default: tuple[str, ...]) -> list[str]:
        """Return a comma-separated list without blanks."""
        value = self._variables.get(name, "")
        return [word.strip() for word in value.split(",") if word.strip()] or list(default)
