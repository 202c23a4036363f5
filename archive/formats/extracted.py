"""What extraction finds in a document, and the limits that all formats keep. Pure."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NO_TEXT, FAILED = "text", "no_text", "failed"
MOST_CHARACTERS = 5_000_000
MOST_PAGES = 2_000
MOST_UNPACKED_BYTES = 64 * 1024 * 1024

# Why a document has no text, or why it could not be read; `archive/search/texts.py` says them to people.
SCAN, NO_WORDS, KIND = "scan", "no_words", "kind"
ENCRYPTED, BROKEN, TOO_LARGE, TOO_SLOW, DIED = "encrypted", "broken", "too_large", "too_slow", "died"


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a document.

    Shapes: `outcome` is text, no_text or failed; `reason` is one of the words above, empty where there is text; with
    `cut` the text ends where a limit was reached. `pages` is how many were looked at, 0 where there are none.
    """

    outcome: str
    text: str = ""
    reason: str = ""
    pages: int = 0
    cut: bool = False


def as_extracted(text: str, *, pages: int = 0, cut: bool = False, reason: str = NO_WORDS) -> Extracted:
    """Return a text within the limit; one without any letter or digit counts as none."""
    if not any(char.isalnum() for char in text):
        return Extracted(NO_TEXT, reason=reason, pages=pages)
    return Extracted(TEXT, text[:MOST_CHARACTERS], pages=pages, cut=cut or len(text) > MOST_CHARACTERS)


def failed(reason: str) -> Extracted:
    """Return that a document could not be read."""
    return Extracted(FAILED, reason=reason)
