"""`--check`: the same reading and validation as a load, and nothing is written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from archive.documents.models import Producer
from archive.ingest.catalogue import load_catalogue
from archive.ingest.content import ContentReader
from archive.ingest.errors import LoadError
from archive.ingest.identity import Additional, Duplicate, Identity, Known, decide, missing_party
from archive.ingest.lookup import find_known
from archive.ingest.mapping import get_mapping
from archive.ingest.readers import SourceError, open_source
from archive.ingest.records import Draft, Problem, RawRecord, Source
from archive.ingest.reports import PROBLEMS_TOLD
from archive.ingest.validate import Validator

CHUNK_RECORDS = 250
_NOBODY = UUID(int=0)


def check_source(path: Path, *, producer_key: str, mapping_key: str = "") -> dict[str, Any]:
    """Say what a load of this package would do.

    Shapes: the keys of a load's report, `load` being None, and `problems`: at most a thousand of {line, field, code,
    reason}. What is wrong with the package as a whole stands there too, with the line None.
    Errors: LoadError when the package as a whole cannot be read.
    """
    mapping = get_mapping(mapping_key) if mapping_key else None
    try:
        with open_source(path, mapping=mapping) as source:
            return _Check(source, producer_key).run()
    except SourceError as error:
        raise LoadError(str(error)) from error


@dataclass(slots=True)
class _Checked:
    """A record that was read: its problem, or its draft with digest and size by channel."""

    raw: RawRecord
    problem: Problem | None = None
    draft: Draft | None = None
    digests: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


class _Check:
    """Walks one source. Records of the package that share an identity are compared with each other too."""

    def __init__(self, source: Source, producer_key: str) -> None:
        self.source = source
        producer = Producer.objects.filter(key=producer_key).first()
        self.producer_id = producer.pk if producer else 0
        self.validator = Validator(load_catalogue(), producer_key=producer_key)
        self.contents = ContentReader(source)
        self.met: dict[Identity, dict[str, bytes]] = {}
        self.parties: dict[Identity, int] = {}
        self.batches: set[str] = set()
        self.counts = dict.fromkeys(("received", "archived", "variants_added", "duplicates", "rejected", "bytes"), 0)
        self.problems: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        started = time.monotonic()
        for chunk in _chunks(self._read(raw) for raw in self.source.records(0)):
            self._decide_all(chunk)
        if self.source.problem:
            self._tell(None, Problem("package", "", self.source.problem))
        return {
            "load": None,
            "batches": sorted(self.batches),
            **self.counts,
            "seconds": round(time.monotonic() - started, 3),
            "problems": self.problems,
        }

    def _read(self, raw: RawRecord) -> _Checked:
        if raw.problem is not None:
            return _Checked(raw, raw.problem)
        draft = self.validator.validate(raw)
        if isinstance(draft, Problem):
            return _Checked(raw, draft)
        checked = _Checked(raw, draft=draft)
        for number, variant in enumerate(draft.variants):
            content = self.contents.read(variant, number)
            if isinstance(content, Problem):
                return _Checked(raw, content)
            checked.digests[variant.channel] = content.sha256
            checked.sizes[variant.channel] = content.size_bytes
        return checked

    def _decide_all(self, chunk: list[_Checked]) -> None:
        identities = {self._identity(checked.draft) for checked in chunk if checked.draft}
        archived = find_known(identities) if identities else {}
        for checked in chunk:
            self.counts["received"] += 1
            problem = checked.problem
            if checked.draft is not None:
                problem = self._decide(checked, checked.draft, archived)
            if problem is not None:
                self.counts["rejected"] += 1
                self._tell(checked.raw.line, problem)

    def _decide(self, checked: _Checked, draft: Draft, archived: dict[Identity, Known]) -> Problem | None:
        identity = self._identity(draft)
        outcome = decide(checked.digests, self._known(identity, archived.get(identity)))
        if isinstance(outcome, Problem):
            return outcome
        if isinstance(outcome, Duplicate):
            self.counts["duplicates"] += 1
            return None
        if isinstance(outcome, Additional) and (nobody := missing_party(draft.variants, outcome)) is not None:
            return nobody
        late = isinstance(outcome, Additional)
        self.counts["variants_added" if late else "archived"] += 1
        if draft.batch and not late:
            self.batches.add(draft.batch)
        new = outcome.channels if isinstance(outcome, Additional) else tuple(checked.digests)
        self.counts["bytes"] += sum(checked.sizes[channel] for channel in new)
        self.met.setdefault(identity, {}).update(checked.digests)
        if not late and draft.parties:
            self.parties[identity] = len(draft.parties)
        return None

    def _known(self, identity: Identity, archived: Known | None) -> Known | None:
        """Return what would be archived by now under an identity."""
        met = self.met.get(identity)
        if met is None:
            return archived
        known = archived or Known(0, _NOBODY, {}, {}, b"", parties=self.parties.get(identity, 0))
        known.digests.update(met)
        return known

    def _identity(self, draft: Draft) -> Identity:
        return (draft.unit.id, self.producer_id, draft.external_id)

    def _tell(self, line: int | None, problem: Problem) -> None:
        if len(self.problems) < PROBLEMS_TOLD:
            told = {"line": line, "field": problem.field, "code": problem.code, "reason": problem.reason}
            self.problems.append(told)


def _chunks(records: Iterable[_Checked]) -> Iterator[list[_Checked]]:
    chunk: list[_Checked] = []
    for record in records:
        chunk.append(record)
        if len(chunk) >= CHUNK_RECORDS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
