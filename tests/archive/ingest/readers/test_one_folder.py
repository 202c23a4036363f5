"""An archive of one folder, as people make it by packing a folder itself: the manifest in it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archive.ingest.mapping import Mapping
from archive.ingest.readers import SourceError, member_index, open_source
from archive.ingest.records import MemberProblem
from tests.archive.ingest.packages import package, write_folder, write_tar, write_zip

Write = Callable[[Path, dict[str, bytes]], Path]


def within(folder: str, members: dict[str, bytes]) -> dict[str, bytes]:
    """Return the members below a folder."""
    return {f"{folder}/{name}": content for name, content in members.items()}


@pytest.fixture(params=[write_tar, write_zip])
def write(request: pytest.FixtureRequest) -> Write:
    """Return what writes an archive of one kind and the other."""
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("in_memory", [50_000, 2])
def test_the_manifest_in_the_only_folder_is_read_and_its_files_lie_beside_it(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(member_index, "IN_MEMORY", in_memory)
    with open_source(write(tmp_path / "a", within("october", package(3)))) as source:
        assert [raw.data["external_id"][-1] for raw in source.records(0) if raw.data] == ["1", "2", "3"]
        assert source.count_records() == 3
        for name in ("print/2.pdf", "./print/2.pdf"):
            assert source.open(name).read_all() == package(3)["print/2.pdf"]
        for name in ("../print/2.pdf", "/print/2.pdf", "print/../../x"):
            with pytest.raises(MemberProblem) as refused:
                source.open(name)
            assert refused.value.code == "outside"
        with pytest.raises(MemberProblem, match="is not in the package"):
            source.open("october/print/2.pdf")


def test_somebody_elses_csv_in_the_only_folder_is_read_by_its_mapping(tmp_path: Path, write: Write) -> None:
    members = within("in", {"list.csv": b"N\n7\n", "a.pdf": b"one"})
    with open_source(write(tmp_path / "a", members), mapping=Mapping({"N": "external_id"})) as source:
        assert [raw.data for raw in source.records(0)] == [{"external_id": "7"}]
        assert source.open("a.pdf").read_all() == b"one"


@pytest.mark.parametrize("beside", ["notes.pdf", "november/a.pdf"])
def test_nothing_is_guessed_where_something_lies_beside_the_folder(tmp_path: Path, write: Write, beside: str) -> None:
    members = {**within("october", package(1)), beside: b"x"}
    with pytest.raises(SourceError) as refused:
        open_source(write(tmp_path / "a", members))
    assert refused.value.code == "no_manifest"


def test_a_manifest_two_folders_down_is_not_looked_for(tmp_path: Path, write: Write) -> None:
    with pytest.raises(SourceError) as refused:
        open_source(write(tmp_path / "a", within("a/b", package(1))))
    assert refused.value.code == "no_manifest"


def test_the_bytes_of_a_folder_are_those_of_all_files_below_it_and_of_none_elsewhere(tmp_path: Path) -> None:
    members = package(3)
    folder = write_folder(tmp_path / "in", members)
    (folder / "print" / "away").symlink_to("/usr")
    with open_source(folder) as source:
        assert source.total_bytes == sum(map(len, members.values()))
