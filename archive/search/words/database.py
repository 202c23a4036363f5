"""The word index's file: its tables, and how it is read. Everybody reads, one process writes (`writer.py`).

Rebuildable from the record at any time, so a reader that finds no file finds an empty index, and one that finds a
broken file says so; neither is taken for "no hits".
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from archive.search.words.pieces import MOST_PIECES, order_key_of, piece_id, place_of

VERSION = 1
SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(
    body, subject, scope, content='', columnsize=0, detail=full, tokenize='ascii'
);
CREATE VIRTUAL TABLE term USING fts5vocab(words, instance);
CREATE TABLE piece (
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL, text BLOB NOT NULL, subject TEXT, unit INTEGER, class INTEGER
);
CREATE TABLE variant_text (
    place INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (place, number)
) WITHOUT ROWID;
CREATE INDEX variant_failed ON variant_text (place) WHERE state = 'failed';
CREATE TABLE progress (load_id INTEGER PRIMARY KEY, next_position INTEGER NOT NULL);
CREATE TABLE dictionary (content BLOB NOT NULL);
CREATE TABLE counted (state TEXT PRIMARY KEY, variants INTEGER NOT NULL) WITHOUT ROWID;
"""
BUSY_MILLISECONDS = 10_000


class IndexDownError(Exception):
    """The word index cannot be read; words cannot be searched until it is mended or built again."""


def index_path() -> Path:
    """Return where the word index lies."""
    return Path(settings.SEARCH_DB)


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """A piece as it was indexed: its number, the variant it came from, and its text."""

    number: int
    variant: int
    text: str


class Reader:
    """Reads the index through a connection of this thread's own.

    Errors: every method raises IndexDownError when the file cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection | None, dictionary: bytes = b"") -> None:
        self._connection = connection
        self._dictionary = dictionary

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a statement as they are found; nothing where there is no index yet."""
        if self._connection is None:
            return
        with _said():
            cursor = self._connection.execute(sql, parameters)
            try:
                yield from cursor
            finally:
                cursor.close()

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement at once."""
        if self._connection is None:
            return []
        with _said():
            return self._connection.execute(sql, parameters).fetchall()

    def progress(self) -> dict[int, int]:
        """Return by load the position from which on nothing is indexed."""
        return dict(self.all("SELECT load_id, next_position FROM progress"))

    def counts(self) -> dict[str, int]:
        """Return how many variants are in which state."""
        return dict(self.all("SELECT state, variants FROM counted"))

    def states(self, order_keys: Collection[int]) -> dict[int, dict[int, tuple[str, str]]]:
        """Return (state, reason) by order key and variant number; what is not there was not looked at yet."""
        found: dict[int, dict[int, tuple[str, str]]] = {}
        for key in order_keys:
            sql = "SELECT number, state, reason FROM variant_text WHERE place = ?"
            for number, state, reason in self.all(sql, [place_of(key)]):
                found.setdefault(key, {})[number] = (state, reason)
        return found

    def failures(self, limit: int) -> list[tuple[int, int, str]]:
        """Return (order key, variant number, reason) of the newest letters whose text could not be read."""
        sql = "SELECT place, number, reason FROM variant_text WHERE state = 'failed' ORDER BY place DESC LIMIT ?"
        return [(order_key_of(place), number, reason) for place, number, reason in self.all(sql, [limit])]

    def matching_pieces(self, match: str, order_key: int, limit: int) -> list[StoredPiece]:
        """Return the first pieces of a communication that match."""
        place = place_of(order_key)
        sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?"
        bounds = [match, piece_id(place, 0), piece_id(place + 1, 0) - 1, limit]
        return [piece for (found,) in self.all(sql, bounds) for piece in self._piece(found)]

    def _piece(self, row_id: int) -> list[StoredPiece]:
        rows = self.all("SELECT id, number, text FROM piece WHERE id = ?", [row_id])
        return [StoredPiece(at & (MOST_PIECES - 1), number, self._text(packed)) for at, number, packed in rows]

    def _text(self, packed: bytes) -> str:
        if not self._dictionary:  # it was made since this connection was opened
            self._dictionary = dictionary_of(self._connection)
        return unpacked(packed, self._dictionary)


# Letters are made from templates: with a few of them as the compressor's dictionary, a text takes a third.


def packed(text: str, dictionary: bytes) -> bytes:
    """Compress a piece's text with the dictionary of its index."""
    packer = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS, zdict=dictionary)
    return packer.compress(text.encode()) + packer.flush()


def unpacked(content: bytes, dictionary: bytes) -> str:
    """Return the text that was packed."""
    return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=dictionary).decompress(content).decode()


def dictionary_of(connection: sqlite3.Connection | None) -> bytes:
    """Return the dictionary of an index, empty where it has none yet."""
    row = connection.execute("SELECT content FROM dictionary").fetchone() if connection else None
    return bytes(row[0]) if row else b""


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise IndexDownError(f"The word index cannot be read: {error}.") from error


_here = threading.local()


def reader() -> Reader:
    """Return a reader of the index that is in place now: after a rebuild that is another file.

    Errors: IndexDownError when there is a file that cannot be opened.
    """
    path = index_path()
    try:
        status = path.stat()
    except FileNotFoundError:
        _close()
        return Reader(None)
    except OSError as error:
        raise IndexDownError(f"The word index cannot be opened: {error.strerror}.") from error
    identity = (os.getpid(), str(path), status.st_ino)
    if getattr(_here, "identity", None) != identity:
        _close()
        _here.connection, _here.identity = _connect(path), identity
    return Reader(_here.connection)


def _close() -> None:
    connection = getattr(_here, "connection", None)
    _here.connection = _here.identity = None
    if connection is not None:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    with _said():
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA cache_size = -8000")  # each thread of the web server has one; the rest is mapped
        connection.execute("PRAGMA mmap_size = 268435456")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise IndexDownError("The word index is of another version. Build it again: manage.py index_text --rebuild.")
    return connection
