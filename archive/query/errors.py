"""What is wrong with a query, and where."""

from __future__ import annotations


class QueryError(Exception):
    """A query that cannot be understood; the message says what is wrong at which character, and what would be right.

    Shapes: `start` and `end` are offsets into the text, end not included; `suggestion` is a text to use instead.
    """

    def __init__(self, message: str, start: int = 0, end: int | None = None, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = start if end is None else end
        self.suggestion = suggestion
