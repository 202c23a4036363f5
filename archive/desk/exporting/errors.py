"""Why an export is refused; each message says what to do."""

from __future__ import annotations


class ExportError(Exception):
    """An export cannot be made; nothing was written."""


class NothingSelectedError(ExportError):
    """Nothing is selected, or nothing that the user may see."""


class TooManyForRoleError(ExportError):
    """More is selected than the user's roles may export at a time."""


class NoRoomForExportError(ExportError):
    """The disk has no room for it now."""
