"""A pack is a tar that anyone can open and check, without us."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from archive.storage.pack import CHECKED_BLOCK_BYTES, WHOLE_CHECK_BYTES, PackWriter, block_digests, tar_header

DOCUMENTS = {"a-1.pdf": b"%PDF one", "b-1.html": b"", "c-2.txt": b"x" * 512, "d-1.bin": bytes(range(256)) * 9}


def write_pack(path: Path, documents: dict[str, bytes]) -> list[tuple[int, int]]:
    """Write a pack and return (offset, length) of each document."""
    places = []
    with path.open("wb") as file:
        writer = PackWriter(lambda data: file.write(data) and None)
        for name, payload in documents.items():
            digest = hashlib.sha256(payload).digest()
            member = writer.add(name, payload, size_bytes=len(payload), sha256=digest, content_type="text/plain")
            places.append((member.offset, member.length))
        writer.finish()
        assert writer.size_bytes == file.tell()
    return places


def test_python_and_gnu_tar_read_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "pack.tar"
    places = write_pack(path, DOCUMENTS)
    with tarfile.open(path) as archive:
        assert archive.getnames() == [*DOCUMENTS, "SHA256SUMS", "manifest.jsonl"]
        for (name, payload), (offset, length) in zip(DOCUMENTS.items(), places, strict=True):
            member = archive.extractfile(name)
            assert member is not None and member.read() == payload
            assert path.read_bytes()[offset : offset + length] == payload
    listed = subprocess.run(["tar", "-tf", str(path)], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == [*DOCUMENTS, "SHA256SUMS", "manifest.jsonl"]
    assert not listed.stderr


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="the machine has no sha256sum")
def test_sha256sum_checks_an_unpacked_pack(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack.tar", DOCUMENTS)
    subprocess.run(["tar", "-xf", "pack.tar"], cwd=tmp_path, check=True)
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path).returncode == 0
    (tmp_path / "a-1.pdf").chmod(0o600)
    (tmp_path / "a-1.pdf").write_bytes(b"%PDF two")
    assert (
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, capture_output=True).returncode != 0
    )


def test_the_manifest_tells_its_version_and_every_document(tmp_path: Path) -> None:
    path = tmp_path / "pack.tar"
    large = b"y" * (WHOLE_CHECK_BYTES + 1)
    write_pack(path, {**DOCUMENTS, "large-1.pdf": large})
    with tarfile.open(path) as archive:
        manifest = archive.extractfile("manifest.jsonl")
        assert manifest is not None
        head, *lines = (json.loads(line) for line in manifest)
    assert head == {"vellum_pack": 1, "documents": 5}
    assert [line["name"] for line in lines] == [*DOCUMENTS, "large-1.pdf"]
    assert lines[0]["sha256"] == hashlib.sha256(b"%PDF one").hexdigest()
    blocks = bytes.fromhex(lines[-1]["blocks"])
    assert len(blocks) == 5 * 32 and blocks[-32:] == hashlib.sha256(b"y").digest()
    assert "blocks" not in lines[0]


def test_chunks_and_whole_bytes_make_the_same_blocks(tmp_path: Path) -> None:
    payload = bytes(range(251)) * 20_000
    written: list[bytes] = []
    writer = PackWriter(written.append)
    chunks = (payload[at : at + 333_333] for at in range(0, len(payload), 333_333))
    member = writer.add(
        "a.pdf",
        chunks,
        size_bytes=len(payload),
        sha256=hashlib.sha256(payload).digest(),
        content_type="application/pdf",
    )
    assert member.blocks == block_digests(payload)
    assert member.blocks is not None and len(member.blocks) // 32 == -(-len(payload) // CHECKED_BLOCK_BYTES)


def test_a_name_twice_and_chunks_of_another_length_are_refused() -> None:
    writer = PackWriter(lambda data: None)
    digest = hashlib.sha256(b"x").digest()
    writer.add("a", b"x", size_bytes=1, sha256=digest, content_type="text/plain")
    with pytest.raises(ValueError, match="already"):
        writer.add("a", b"x", size_bytes=1, sha256=digest, content_type="text/plain")
    with pytest.raises(ValueError, match="announced"):
        writer.add("b", iter([b"xy"]), size_bytes=1, sha256=digest, content_type="text/plain")


@pytest.mark.parametrize(("name", "size"), [("", 1), ("x" * 101, 1), ("a", -1), ("a", 8 * 1024**3)])
def test_what_does_not_fit_into_a_header_is_refused(name: str, size: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        tar_header(name, size)
