"""What was set aside comes in again: the mended lines, and the files of the package that they first came with.

A load tells which one it resubmits. Its manifest is the mended one; a file that did not come along is looked for in the
package of the load that set its record aside, and in what that one resubmitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from archive.batches.models import Load
from archive.ingest.mapping import Mapping, get_mapping
from archive.ingest.readers import SourceError, open_source
from archive.ingest.readers.manifest import csv_rows
from archive.ingest.records import MemberFile, MemberProblem, RawRecord, Source

NATIVE_CSV = "manifest.csv"


def open_load(load: Load, *, mapping: Mapping | None) -> Source:
    """Open what a load reads. Errors: SourceError."""
    source = open_source(Path(load.source_path), mapping=mapping)
    return Resubmission(source, load.resubmits) if load.resubmits else source


def header_of(load: Load, source: Source, mapping: Mapping | None) -> bytes:
    """Return the header of a CSV manifest that was read, so that lines set aside can be mended under it; or nothing."""
    if mapping is not None:
        return mapping.header_line()
    if Path(load.source_path).suffix.lower() == ".jsonl":
        return b""
    try:
        _line, raw, _cells, _problem = next(csv_rows(source.open(NATIVE_CSV)))
    except (MemberProblem, SourceError, StopIteration):
        return b""
    return raw


class Resubmission:
    """The mended records of a load, with the files that they first came with."""

    def __init__(self, mended: Source, original: Load) -> None:
        self._mended = mended
        self._original = original
        self._files: Source | None = None
        self.name = mended.name
        self.total_bytes = mended.total_bytes

    @property
    def problem(self) -> str:
        """Return what was wrong with the mended package as a whole, or nothing."""
        return self._mended.problem

    def count_records(self) -> int | None:
        """Return how many mended records there are, or None where that is not cheap to know."""
        return self._mended.count_records()

    def records(self, start: int) -> Iterator[RawRecord]:
        """Yield the mended records from ordinal `start` on."""
        return self._mended.records(start)

    def open(self, name: str) -> MemberFile:
        """Return a member, of the mended package first. Errors: MemberProblem."""
        try:
            return self._mended.open(name)
        except MemberProblem as problem:
            if problem.code != "missing_file":
                raise
        return self._first().open(name)

    def _first(self) -> Source:
        if self._files is None:
            key = self._original.mapping_key
            try:
                self._files = open_load(self._original, mapping=get_mapping(key) if key else None)
            except SourceError as error:
                reason = f"The files of load {self._original} cannot be read any more ({error}) Send them along."
                raise MemberProblem("missing_file", reason) from None
        return self._files

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._mended.__exit__(*error)
        if self._files is not None:
            self._files.__exit__(*error)
