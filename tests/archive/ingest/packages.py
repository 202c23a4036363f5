"""Packages for tests: records, manifests and the containers they come in, whole and damaged."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from archive.ingest.mapping import Mapping
from archive.ingest.readers import open_source
from archive.ingest.records import RawRecord

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a small valid record whose one variant is `print/<number>.pdf`."""
    return {
        "external_id": f"JOB7-{number:06}",
        "business_unit": "retail",
        "document_class": "statement",
        "issued_on": "2026-10-31",
        "variants": [{"channel": "print", "file": f"print/{number}.pdf", "content_type": "application/pdf"}],
        **changes,
    }


def manifest_of(*records: dict[str, Any]) -> bytes:
    """Return a JSONL manifest."""
    return b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in records)


def package(count: int = 3) -> dict[str, bytes]:
    """Return the members of a native package, its manifest first."""
    files = {f"print/{number}.pdf": b"%%PDF-1.7 letter %d" % number for number in range(1, count + 1)}
    return {"manifest.jsonl": manifest_of(*(record(number) for number in range(1, count + 1))), **files}


def write_tar(path: Path, members: dict[str, bytes], *, style: int = tarfile.USTAR_FORMAT) -> Path:
    """Write a tar archive with Python's own writer: what ours reads was written by somebody else."""
    with tarfile.open(path, "w", format=style) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_zip(path: Path, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip archive with Python's own writer."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    """Write a folder."""
    for name, content in members.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def read_records(path: Path, *, mapping: Mapping | None = None, start: int = 0) -> list[RawRecord]:
    """Return all records of a package."""
    with open_source(path, mapping=mapping) as source:
        return list(source.records(start))


def read_line(tmp_path: Path, line: bytes) -> RawRecord:
    """Return the one record that a manifest of this one line has."""
    write_folder(tmp_path, {"manifest.jsonl": line + b"\n"})
    (found,) = read_records(tmp_path)
    return found


def code_of(found: RawRecord) -> str:
    """Return the code of a record's problem, or nothing."""
    return found.problem.code if found.problem else ""
