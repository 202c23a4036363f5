"""What a note may say. Pure."""

from __future__ import annotations

import unicodedata

LONGEST_CHARACTERS = 4_000
_KEPT = {"\n", "\t"}


class NoteError(ValueError):
    """A note cannot be taken; the message is a fixed sentence that says why."""


class EmptyNoteError(NoteError):
    """A note says nothing."""


class NoteTooLongError(NoteError):
    """A note has more characters than one may have."""


def clean(text: str) -> str:
    """Return a note's text as it is kept: one kind of line end, no blanks around it, no control characters.

    Units: 1 to 4,000 characters.
    Errors: EmptyNoteError; NoteTooLongError.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    # Lone surrogates cannot be stored as UTF-8; control characters show nothing to anybody.
    body = "".join(char for char in lines if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    if not any(_is_seen(char) for char in body):
        raise EmptyNoteError("A note without words cannot be added.")
    if len(body) > LONGEST_CHARACTERS:
        raise NoteTooLongError("The note has more than 4,000 characters.")
    return body


def _is_seen(char: str) -> bool:
    """Tell whether a reader sees a character; format characters and separators alone are an empty note."""
    return unicodedata.category(char)[0] not in "CZ"
