"""Where the members of an archive lie: in memory for small ones, in a temporary file beyond, so that memory stays flat."""

from __future__ import annotations

import sqlite3

IN_MEMORY = 50_000
Entry = tuple[int, int, int, int]
"""Four numbers of the archive's reader about a member."""


class MemberIndex:
    """Names and entries of members, each once.

    Shapes: `add` tells whether the name was new.
    """

    def __init__(self) -> None:
        self._near: dict[str, Entry] = {}
        self._far: sqlite3.Connection | None = None
        self.count = 0

    def add(self, name: str, entry: Entry) -> bool:
        """Add a member; a name that is there already stays as it was."""
        if name in self._near:
            return False
        self.count += 1
        self._near[name] = entry
        if len(self._near) >= IN_MEMORY:
            return self._spill()
        return True

    def get(self, name: str) -> Entry | None:
        """Return a member's entry."""
        entry = self._near.get(name)
        if entry is None and self._far is not None:
            row = self._far.execute("SELECT a, b, c, d FROM member WHERE name = ?", (name,)).fetchone()
            return (row[0], row[1], row[2], row[3]) if row else None
        return entry

    def top_names(self) -> list[str]:
        """Return the names without a folder, sorted."""
        names = [name for name in self._near if "/" not in name]
        if self._far is not None:
            names += [row[0] for row in self._far.execute("SELECT name FROM member WHERE instr(name, '/') = 0")]
        return sorted(names)

    def close(self) -> None:
        """Drop the temporary file."""
        if self._far is not None:
            self._far.close()

    def _spill(self) -> bool:
        """Move what is in memory to the file; tell whether all names were new there."""
        if self._far is None:
            self._far = sqlite3.connect("", isolation_level=None)
            self._far.execute("PRAGMA cache_size = -8000")
            self._far.execute("CREATE TABLE member (name TEXT PRIMARY KEY, a, b, c, d) WITHOUT ROWID")
        before = self._far.total_changes
        self._far.execute("BEGIN")
        self._far.executemany(
            "INSERT OR IGNORE INTO member VALUES (?, ?, ?, ?, ?)", ((name, *entry) for name, entry in self._near.items())
        )
        self._far.execute("COMMIT")
        new = self._far.total_changes - before == len(self._near)
        self._near = {}
        return new
