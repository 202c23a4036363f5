"""Whose output a package is, where the one who loads it does not say."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from archive.ingest.mapping import get_mapping
from archive.ingest.readers import SourceError, open_source

NOBODY = "command"
LOOKED_AT = 100


def producer_told(path: Path, *, mapping_key: str = "") -> str:
    """Return the producer that the manifest's first record names, or `command` where it names none.

    Shapes: lines that cannot be read at all are passed over, a hundred at most; a package that cannot be read names
    nobody, and what is wrong with it is said when it is loaded.
    Errors: UnknownMappingError.
    Source: design.md, "Commands that stay stable".
    """
    mapping = get_mapping(mapping_key) if mapping_key else None
    try:
        with open_source(path, mapping=mapping) as source:
            for raw in islice(source.records(0), LOOKED_AT):
                if raw.data is not None:
                    told = raw.data.get("producer")
                    return told.strip() if isinstance(told, str) and told.strip() else NOBODY
    except SourceError:
        pass
    return NOBODY
