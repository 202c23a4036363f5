"""`--check`: the same reading and validation as a load, and nothing is written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

from archive.documents.models import Producer
from archive.ingest.catalogue import load_catalogue
from archive.ingest.content import ContentReader
from archive.ingest.errors import LoadError
from archive.ingest.identity import Additional, Duplicate, Known, decide
from archive.ingest.lookup import find_known
from archive.ingest.mapping import get_mapping
from archive.ingest.readers import SourceError, open_source
from archive.ingest.records import Draft, Problem, RawRecord, Source
from archive.ingest.validate import Validator

PROBLEMS_TOLD = 1_000
_NOBODY = UUID(int=0)


def check_source(path: Path, *, producer_key: str, mapping_key: str = "") -> dict[str, Any]:
    """Say what a load of this package would do.

    Shapes: the counts of a report, and `problems`: at most a thousand of {line, field, code, reason}.
    Errors: LoadError when the package as a whole cannot be read.
    """
    mapping = get_mapping(mapping_key) if mapping_key else None
    try:
        with open_source(path, mapping=mapping) as source:
            return _Check(source, producer_key).run()
    except SourceError as error:
        raise LoadError(str(error)) from error


class _Check:
    """Walks one source. Records of the package that share an identity are compared with each other too."""

    def __init__(self, source: Source, producer_key: str) -> None:
        self.source = source
        producer = Producer.objects.filter(key=producer_key).first()
        self.producer_id = producer.pk if producer else 0
        self.validator = Validator(load_catalogue(), producer_key=producer_key)
        self.contents = ContentReader(source)
        self.met: dict[tuple[int, str], dict[str, bytes]] = {}
        self.report: dict[str, Any] = {
            "received": 0,
            "archived": 0,
            "variants_added": 0,
            "duplicates": 0,
            "rejected": 0,
            "bytes": 0,
        }
        self.problems: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        started = time.monotonic()
        for raw in self.source.records(0):
            self.report["received"] += 1
            problem = self._check(raw)
            if problem is not None:
                self.report["rejected"] += 1
                if len(self.problems) < PROBLEMS_TOLD:
                    self.problems.append(
                        {"line": raw.line, "field": problem.field, "code": problem.code, "reason": problem.reason}
                    )
        seconds = round(time.monotonic() - started, 3)
        return {**self.report, "seconds": seconds, "problems": self.problems}

    def _check(self, raw: RawRecord) -> Problem | None:
        if raw.problem is not None:
            return raw.problem
        draft = self.validator.validate(raw)
        if isinstance(draft, Problem):
            return draft
        digests: dict[str, bytes] = {}
        sizes: dict[str, int] = {}
        for number, variant in enumerate(draft.variants):
            content = self.contents.read(variant, number)
            if isinstance(content, Problem):
                return content
            digests[variant.channel] = content.sha256
            sizes[content.draft.channel] = content.size_bytes
        return self._decide(draft, digests, sizes)

    def _decide(self, draft: Draft, digests: dict[str, bytes], sizes: dict[str, int]) -> Problem | None:
        outcome = decide(digests, self._known(draft))
        if isinstance(outcome, Problem):
            return outcome
        if isinstance(outcome, Duplicate):
            self.report["duplicates"] += 1
            return None
        self.report["variants_added" if isinstance(outcome, Additional) else "archived"] += 1
        new = outcome.channels if isinstance(outcome, Additional) else tuple(digests)
        self.report["bytes"] += sum(sizes[channel] for channel in new)
        self.met.setdefault((draft.unit.id, draft.external_id), {}).update(digests)
        return None

    def _known(self, draft: Draft) -> Known | None:
        identity = (draft.unit.id, self.producer_id, draft.external_id)
        known = find_known([identity]).get(identity)
        met = self.met.get((draft.unit.id, draft.external_id))
        if met is None:
            return known
        if known is None:
            return Known(0, _NOBODY, dict(met), {}, b"")
        known.digests.update(met)
        return known
