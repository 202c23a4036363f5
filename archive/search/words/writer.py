"""Write the word index: one process at a time, in transactions that also say how far it has come.

The file in place is a link to a generation of its own, so that a rebuild can be put in place at one stroke while
readers still have the old one open, and no write-ahead log is ever taken for another file's.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from archive.search.words.database import SCHEMA, VERSION, IndexDownError, dictionary_of, index_path, packed, unpacked
from archive.search.words.pieces import MOST_PIECES, joined, piece_id, pieces_of, place_of
from archive.search.words.tokens import plain_text, words_of

INDEXED, NO_TEXT, FAILED = "indexed", "no_text", "failed"
IN_PART = "in part"
DICTIONARY_BYTES = 32_000
_COUNT = """
    INSERT INTO counted VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET variants = variants + excluded.variants
"""


class IndexBusyError(Exception):
    """Another process writes the word index."""


@dataclass(frozen=True, slots=True)
class VariantText:
    """What extraction found in a variant.

    Shapes: `state` is indexed, no_text or failed; `text` is empty unless indexed; `reason` says why not, or that the
    text is indexed in part.
    """

    number: int
    state: str
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommunicationText:
    """Some or all variants of a communication; those that the index has already stay beside them."""

    order_key: int
    unit_id: int
    class_id: int
    subject: str
    variants: Sequence[VariantText]


def class_token(class_id: int) -> str:
    """Return the token of a document class; no text has it, since private-use characters are no letters."""
    return f"\ue000c{class_id}"


def unit_token(unit_id: int) -> str:
    """Return the token of a business unit."""
    return f"\ue000u{unit_id}"


class IndexWriter:
    """The only writer of an index file; a context manager that closes it.

    Errors: IndexBusyError from `open` while another process writes; IndexDownError for a file that cannot be written.
    """

    def __init__(self, path: Path, lock: IO[str] | None = None) -> None:
        self.path = path
        self._lock = lock
        with _said():
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            try:
                _set_up(self._connection)
                self._dictionary = dictionary_of(self._connection)
            except BaseException:
                self._connection.close()
                raise

    @classmethod
    def open(cls) -> Self:
        """Open the index that is in place, alone; a new one where there is none."""
        lock = alone()
        try:
            return cls.in_place(lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def in_place(cls, lock: IO[str] | None = None) -> Self:
        """Open the index that is in place for who writes alone already; a new one where there is none."""
        place = index_path()
        if place.exists():
            return cls(place.resolve(), lock)
        fresh = cls(_generation(), lock)
        _put_in_place(fresh.path)
        return fresh

    @classmethod
    def rebuilding(cls) -> Self:
        """Open the index that is built beside the one in place, where a rebuild that broke off left it.

        Shapes: for who writes alone; `swap_in` puts it in place.
        """
        return cls(rebuild_path())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def swap_in(self) -> None:
        """Close this file and put it in place of the one that is there; readers of that one finish undisturbed."""
        self.close()
        named = _generation()
        self.path.replace(named)
        _put_in_place(named)

    def discard(self) -> None:
        """Close and remove a file that was not put in place."""
        self.close()
        _remove(self.path)

    def progress(self) -> dict[int, int]:
        """Return by load the position from which on nothing is indexed."""
        with _said():
            return dict(self._connection.execute("SELECT load_id, next_position FROM progress"))

    def counts(self) -> dict[str, int]:
        """Return how many variants are in which state."""
        with _said():
            return dict(self._connection.execute("SELECT state, variants FROM counted"))

    def put(self, batch: Sequence[CommunicationText], progress: Mapping[int, int]) -> None:
        """Index some communications and note how far their loads are done, in one transaction.

        Shapes: `progress` is the next position by load. Variants that are there already are replaced by these.
        """
        whole = _joined(batch)
        with self._transaction():
            self._learn(whole)
            known = self._known([place_of(one.order_key) for one in whole])
            self._insert([self._with_what_is_there(one) if place_of(one.order_key) in known else one for one in whole])
            self._connection.executemany("INSERT OR REPLACE INTO progress VALUES (?, ?)", list(progress.items()))

    def remove(self, order_keys: Collection[int]) -> None:
        """Take communications out of the index, their kept texts with them.

        Source: model.md §12: the old tokens are needed, then freed pages are overwritten and segments merged.
        """
        self._connection.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            for place in map(place_of, order_keys):
                self._take_out(place)
        self._connection.execute("INSERT INTO words (words, rank) VALUES ('merge', -1000)")
        self._connection.execute("PRAGMA secure_delete = OFF")

    def tidy(self, pages: int = 2000) -> None:
        """Merge some of the index's segments, so that searches have few to look into; cheap when nothing is to do."""
        with self._transaction():
            self._connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", [pages])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _said():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._dictionary = dictionary_of(self._connection)
                raise
            self._connection.execute("COMMIT")

    def _learn(self, batch: Sequence[CommunicationText]) -> None:
        """Make the first texts the dictionary of the others; an empty one is none yet."""
        if self._dictionary:
            return
        texts = (plain_text(variant.text) for one in batch for variant in one.variants if variant.text)
        content = "\n".join(dict.fromkeys(text[:4_000] for text in texts)).encode()[:DICTIONARY_BYTES]
        if content:
            self._dictionary = content
            self._connection.execute("INSERT INTO dictionary VALUES (?)", [content])

    def _known(self, places: Sequence[int]) -> set[int]:
        sql = "SELECT DISTINCT place FROM variant_text WHERE place IN (SELECT value FROM json_each(?))"
        return {place for (place,) in self._connection.execute(sql, [json.dumps(places)])}

    def _insert(self, batch: Sequence[CommunicationText]) -> None:
        words: list[tuple[int, str, str, str]] = []
        pieces: list[tuple[Any, ...]] = []
        states: list[tuple[int, int, str, str]] = []
        for one in batch:
            place = place_of(one.order_key)
            scope = f"{class_token(one.class_id)} {unit_token(one.unit_id)}"
            subject = plain_text(one.subject)
            cut = False
            rows: list[tuple[int, str, str]] = []
            for variant in one.variants:
                found = pieces_of(plain_text(variant.text)) if variant.state == INDEXED else []
                cut = len(rows) + len(found) > MOST_PIECES
                rows += [(variant.number, piece.text, piece.tokens) for piece in found[: MOST_PIECES - len(rows)]]
                state = NO_TEXT if variant.state == INDEXED and not found else variant.state
                states.append((place, variant.number, state, IN_PART if cut else variant.reason))
            for number, (variant_number, text, tokens) in enumerate(rows or [(0, "", "")]):
                row_id = piece_id(place, number)
                words.append((row_id, tokens, "" if number else " ".join(words_of(subject)), scope))
                told = (None, None, None) if number else (subject, one.unit_id, one.class_id)
                pieces.append((row_id, variant_number, packed(text, self._dictionary), *told))
        words.sort()  # segments are made of rows in order
        self._connection.executemany("INSERT INTO words (rowid, body, subject, scope) VALUES (?, ?, ?, ?)", words)
        self._connection.executemany("INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?)", pieces)
        self._connection.executemany("INSERT INTO variant_text VALUES (?, ?, ?, ?)", states)
        self._count(Counter(state for _place, _number, state, _reason in states))

    def _with_what_is_there(self, one: CommunicationText) -> CommunicationText:
        """Take a communication out, and return it with the variants that it had beside the new ones."""
        place = place_of(one.order_key)
        had = {variant.number: variant for variant in self._take_out(place)}
        had.update({variant.number: variant for variant in one.variants})
        variants = [had[number] for number in sorted(had)]
        return CommunicationText(one.order_key, one.unit_id, one.class_id, one.subject, variants)

    def _take_out(self, place: int) -> list[VariantText]:
        """Remove all of a communication; returns what it had, its texts put together from their pieces."""
        bounds = (piece_id(place, 0), piece_id(place + 1, 0) - 1)
        rows = self._connection.execute("SELECT * FROM piece WHERE id BETWEEN ? AND ? ORDER BY id", bounds).fetchall()
        if not rows:
            return []
        subject, scope = rows[0][3] or "", f"{class_token(rows[0][5])} {unit_token(rows[0][4])}"
        texts: dict[int, list[str]] = {}
        for row_id, number, content, *_told in rows:
            text = unpacked(content, self._dictionary)
            texts.setdefault(number, []).append(text)
            first = " ".join(words_of(subject)) if row_id & (MOST_PIECES - 1) == 0 else ""
            old = (row_id, " ".join(words_of(text)), first, scope)
            self._connection.execute(
                "INSERT INTO words (words, rowid, body, subject, scope) VALUES ('delete', ?, ?, ?, ?)", old
            )
        self._connection.execute("DELETE FROM piece WHERE id BETWEEN ? AND ?", bounds)
        states = self._connection.execute(
            "SELECT number, state, reason FROM variant_text WHERE place = ?", [place]
        ).fetchall()
        self._connection.execute("DELETE FROM variant_text WHERE place = ?", [place])
        self._count(Counter({state: 0 for _number, state, _reason in states}), minus=states)
        return [VariantText(number, state, joined(texts.get(number, [])), why) for number, state, why in states]

    def _count(self, more: Mapping[str, int], minus: Sequence[tuple[int, str, str]] = ()) -> None:
        change = Counter(more)
        change.subtract(Counter(state for _number, state, _reason in minus))
        self._connection.executemany(_COUNT, list(change.items()))


def _joined(batch: Sequence[CommunicationText]) -> list[CommunicationText]:
    """Return each communication once: of several entries the variants together, the later ones counting."""
    found: dict[int, CommunicationText] = {}
    for one in batch:
        before = found.get(one.order_key)
        if before is not None:
            variants = {variant.number: variant for variant in (*before.variants, *one.variants)}
            one = CommunicationText(one.order_key, one.unit_id, one.class_id, one.subject, list(variants.values()))
        found[one.order_key] = one
    return list(found.values())


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what is lost by a power cut, progress says, and is done again
    connection.execute("PRAGMA cache_size = -64000")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        connection.execute("INSERT INTO words (words, rank) VALUES ('hashsize', 33554432)")
    elif version != VERSION:
        raise sqlite3.DatabaseError("it is of another version; build it again: manage.py index_text --rebuild")


def alone() -> IO[str]:
    """Return the lock of the one process that writes; closing it lets others write.

    Errors: IndexBusyError while another process has it.
    """
    lock = index_path().with_name("search.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise IndexBusyError("Another process writes the word index. Wait until it has finished.") from None
    return lock


def rebuild_path() -> Path:
    """Return where an index lies while it is built beside the one in place."""
    return index_path().with_name("search-next.db")


def _put_in_place(path: Path) -> None:
    place = index_path()
    before = place.resolve() if place.exists() else None
    link = place.with_name(f"{place.name}.{uuid.uuid4().hex}")
    link.symlink_to(path.name)
    link.replace(place)
    if before is not None and before != path.resolve():
        _remove(before)


def _generation() -> Path:
    place = index_path()
    return place.with_name(f"{place.stem}-{uuid.uuid4().hex[:12]}.db")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise IndexDownError(f"The word index cannot be written: {error}.") from error
