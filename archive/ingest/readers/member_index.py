"""Where the members of an archive lie: in memory while they are few, else in a temporary file: memory stays flat."""

from __future__ import annotations

import sqlite3

from archive.ingest.readers.files import MANIFESTS, index_names

IN_MEMORY = 50_000
Entry = tuple[int, int, int, int]
"""Four numbers of the archive's reader about a member."""
_SPILL = (
    "INSERT INTO member (name, twice, a, b, c, d) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET twice = 1"
)


class MemberIndex:
    """Names and entries of members; it remembers which names came more than once."""

    def __init__(self) -> None:
        self._near: dict[str, Entry] = {}
        self._twice: set[str] = set()
        self._far: sqlite3.Connection | None = None

    def add(self, name: str, entry: Entry) -> None:
        """Add a member."""
        if name in self._near:
            self._twice.add(name)
            return
        self._near[name] = entry
        if len(self._near) >= IN_MEMORY:
            self._spill()

    def get(self, name: str) -> Entry | None:
        """Return a member's entry; one of them where the name came more than once."""
        entry = self._near.get(name)
        if entry is None and self._far is not None:
            row = self._far.execute("SELECT a, b, c, d FROM member WHERE name = ?", (name,)).fetchone()
            return (row[0], row[1], row[2], row[3]) if row else None
        return entry

    def is_twice(self, name: str) -> bool:
        """Tell whether a name was added more than once."""
        if name in self._twice:
            return True
        if self._far is None:
            return False
        row = self._far.execute("SELECT twice FROM member WHERE name = ?", (name,)).fetchone()
        return row is not None and (bool(row[0]) or name in self._near)

    def top_names(self, folder: str = "") -> list[str]:
        """Return the names at the top, or right below this folder (given with its slash), sorted."""
        start = len(folder)
        names = {name for name in self._near if name.startswith(folder) and "/" not in name[start:]}
        if self._far is not None:
            lies_there = "substr(name, 1, ?) = ? AND instr(substr(name, ? + 1), '/') = 0"
            sql = f"SELECT name FROM member WHERE {lies_there}"  # noqa: S608  (a text of ours)
            names |= {row[0] for row in self._far.execute(sql, (start, folder, start))}
        return sorted(names)

    def only_folder(self) -> str:
        """Return the folder, with its slash, below which all members lie, or nothing."""
        folders = {name[: name.find("/") + 1] for name in self._near}
        if self._far is not None:
            sql = "SELECT DISTINCT substr(name, 1, instr(name, '/')) FROM member LIMIT 2"
            folders |= {row[0] for row in self._far.execute(sql)}
        return folders.pop() if len(folders) == 1 else ""

    def manifest_names(self) -> list[str]:
        """Return what may be the manifest: at the top, or in the one folder that the archive consists of."""
        names = self._manifests_in("")
        folder = "" if names else self.only_folder()
        return self._manifests_in(folder) if folder else names

    def _manifests_in(self, folder: str) -> list[str]:
        ours = [folder + name for name in MANIFESTS if self.get(folder + name)]
        return ours or index_names(self.top_names(folder))

    def close(self) -> None:
        """Drop the temporary file."""
        if self._far is not None:
            self._far.close()

    def _spill(self) -> None:
        """Move what is in memory to the file."""
        if self._far is None:
            self._far = sqlite3.connect("", isolation_level=None)
            self._far.execute("PRAGMA cache_size = -8000")
            self._far.execute("CREATE TABLE member (name TEXT PRIMARY KEY, twice, a, b, c, d) WITHOUT ROWID")
        self._far.execute("BEGIN")
        self._far.executemany(_SPILL, ((name, name in self._twice, *entry) for name, entry in self._near.items()))
        self._far.execute("COMMIT")
        self._near, self._twice = {}, set()
