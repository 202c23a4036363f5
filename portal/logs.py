"""Lines of the process's own log that nobody outside can forge (A-30)."""

from __future__ import annotations

import logging

from archive.audit.lines import clean

INDENT = "    "


class LineFormatter(logging.Formatter):
    """Write each record as one line; what has more lines, a traceback for example, is indented under it.

    Shapes: control, format and separator characters become visible, so that no value can begin a line of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the name that logging calls)
        """Return the line itself."""
        return clean(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802  (the name that logging calls)
        """Return a traceback, indented; its texts may come from outside."""
        text = super().formatException(ei)  # type: ignore[arg-type]
        return "\n".join(INDENT + clean(line) for line in text.split("\n"))
