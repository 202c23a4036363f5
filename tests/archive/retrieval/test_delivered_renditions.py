"""A producer may deliver a PDF for reading beside a native format: stored, committed to, labelled."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from archive.batches.models import Reject
from archive.documents.models import Rendition, Variant
from archive.storage.models import StoredObject
from tests.archive.documents.archives import Archive, body_of, events, letter
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, write_tar
from tests.archive.retrieval.test_damaged_documents import READS
from tests.archive.retrieval.test_sandbox import assert_sandboxed

AFP, PDF = b"Z\x00\x10\xd3\xa8\xa8\x00\x00\x00", b"%PDF-1.7 made for reading"
VIEWING = {"file": "print/1.pdf", "content_type": "application/pdf", "tool": "Engine", "tool_version": "23.4"}


def native(**viewing: Any) -> dict[str, Any]:
    """Return a variant in AFP with its rendition."""
    return {
        "channel": "print",
        "file": "print/1.afp",
        "content_type": "application/vnd.ibm.modcap",
        "viewing": {**VIEWING, **viewing},
    }


@pytest.fixture
def row(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return a letter in AFP with a rendition, and sign an agent in."""
    client.force_login(user_of("agent"))
    members = {"print/1.afp": AFP, "print/1.pdf": PDF}
    return archive.add("afp", variants=[native()], members=members, index={"branch": "012"})


def test_it_is_stored_beside_the_variant_and_read_with_its_label(row: Any, client: Any) -> None:
    rendition = Rendition.objects.get(order_key=row.order_key, number=1)
    assert (rendition.tool, rendition.tool_version, rendition.size_bytes) == ("Engine", "23.4", len(PDF))
    assert bytes(rendition.sha256) == sha256(PDF).digest()
    page = client.get(f"/communications/{row.public_id}/").content.decode()
    assert "Delivered with the stored file for reading, made by Engine 23.4; the original is the record." in page
    answer = client.get(f"/communications/{row.public_id}-1/rendition")
    assert_sandboxed(answer)
    assert (answer["Content-Type"], body_of(answer)) == ("application/pdf", PDF)
    assert body_of(client.get(f"/communications/{row.public_id}-1/download")) == AFP


def test_it_is_one_of_the_facts_that_the_leaf_commits_to(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.ingest import rows

    told: list[Any] = []
    real = rows.record_leaf
    monkeypatch.setattr(rows, "record_leaf", lambda **facts: told.append(facts["variants"]) or real(**facts))
    members = {"print/1.afp": AFP, "print/1.pdf": PDF}
    archive.add("afp", variants=[native(), {"channel": "sms", "text": "x"}], members=members)
    digests = [sha256(content).hexdigest() for content in (AFP, PDF, b"x")]
    assert told == [[(1, "print", len(AFP), digests[0], digests[1]), (2, "sms", 1, digests[2])]]


def test_one_that_comes_late_goes_with_its_variant_and_a_duplicate_adds_none(archive: Archive) -> None:
    members = {"print/1.afp": AFP, "print/1.pdf": PDF}
    archive.add("afp")
    for _time in range(2):
        archive.load(letter("afp", variants=[native()]), members=members)
    late = archive.get("afp")
    assert list(Rendition.objects.values_list("order_key", "number")) == [(late.order_key, 2)]
    assert Variant.objects.filter(order_key=late.order_key).count() == 2


def test_the_same_bytes_are_stored_once_and_stay_while_anybody_points_there(archive: Archive) -> None:
    from archive.documents.locators import ResourceHolder

    members = {"print/1.afp": AFP, "print/1.pdf": PDF}
    archive.load(letter("a", variants=[native()]), letter("b", variants=[native()]), members=members)
    (stored,) = StoredObject.objects.filter(kind=StoredObject.Kind.RESOURCE)
    assert set(Rendition.objects.values_list("stored_object_id", flat=True)) == {stored.pk}
    assert ResourceHolder().points_to(stored.pk) and not ResourceHolder().points_to(stored.pk + 1)


@pytest.mark.parametrize(
    ("viewing", "field", "reason"),
    [
        ({"file": "print/absent.pdf"}, "variants.0.viewing.file", "print/absent.pdf"),
        ({"file": ""}, "variants.0.viewing.file", "file"),
        ({"file": "../x.pdf"}, "variants.0.viewing.file", ""),
        ({"content_type": "text/html"}, "variants.0.viewing.content_type", "Send a PDF"),
        ({"tool": "x" * 101}, "variants.0.viewing.tool", ""),
    ],
)
def test_one_that_is_wrong_sets_the_record_aside(
    archive: Archive, tmp_path: Any, viewing: dict[str, Any], field: str, reason: str
) -> None:
    members = {"manifest.jsonl": manifest_of(letter("afp", variants=[native(**viewing)])), "print/1.afp": AFP}
    load = load_package(write_tar(tmp_path / "p.tar", {**members, "print/1.pdf": PDF}))
    reject = Reject.objects.get(load=load)
    assert reject.field == field and reason in reject.reason
    assert Rendition.objects.count() == 0


def test_those_who_may_not_see_the_letter_see_no_rendition(archive: Archive, user_of: Any, client: Any) -> None:
    members = {"print/1.afp": AFP, "print/1.pdf": PDF}
    hidden = archive.add("afp", variants=[native()], members=members, index={"branch": "099"})
    client.force_login(user_of("agent"))
    assert client.get(f"/communications/{hidden.public_id}-1/rendition").status_code == 404
    client.force_login(user_of("admin"))
    assert client.get(f"/communications/{hidden.public_id}-1/rendition").status_code == 403
    assert events(*READS) == []
