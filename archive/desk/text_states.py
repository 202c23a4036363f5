"""Whether the words of each form of a communication can be searched yet."""

from __future__ import annotations

from dataclasses import dataclass

from archive.documents.models import Communication
from archive.search.text_reasons import reason_words
from archive.search.words.database import IndexDownError, reader

WAITING, UNKNOWN = "waiting", "unknown"


@dataclass(frozen=True, slots=True)
class TextState:
    """What became of a form's text.

    Shapes: `state` is indexed, waiting, no_text, failed, or unknown while the index cannot be read; `reason` is a
    sentence that says why not, or that only a part is.
    """

    state: str
    reason: str = ""


def text_states(communication: Communication, numbers: list[int]) -> dict[int, TextState]:
    """Return the state of the text of some variants by their number."""
    try:
        known = reader().states([communication.order_key]).get(communication.order_key, {})
    except IndexDownError:
        return {number: TextState(UNKNOWN) for number in numbers}
    found = {number: known.get(number, (WAITING, "")) for number in numbers}
    return {number: TextState(state, str(reason_words(reason))) for number, (state, reason) in found.items()}
