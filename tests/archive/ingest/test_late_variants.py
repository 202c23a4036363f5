"""A variant that comes a day later: where it went, to whom, and what its record tells otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archive.batches.models import Load, LoadLogLine, Reject
from archive.documents.models import Communication, Person, Variant
from archive.ingest import pipeline
from archive.ingest.checking import check_source
from tests.archive.ingest.packages import manifest_of, record, write_tar

Loading = Callable[..., Load]
EVA = {"role": "holder", "customer_id": "C-1", "name": "Eva Müller"}
OTTO = {"role": "joint", "customer_id": "C-2", "name": "Otto Müller"}


def sent(channel: str, **recipient: Any) -> dict[str, Any]:
    """Return a variant that is a text, to this recipient."""
    return {"channel": channel, "text": channel, **({"recipient": recipient} if recipient else {})}


def letter(*variants: dict[str, Any], **changes: Any) -> dict[str, bytes]:
    """Return a package of one record with these variants."""
    return {"manifest.jsonl": manifest_of(record(1, variants=list(variants), **changes))}


def details() -> list[Any]:
    """Return what the erasable rows say beside names, by party."""
    return list(Person.objects.order_by("number").values_list("details", flat=True))


def test_the_address_of_a_late_variant_lies_in_the_erasable_row_beside_the_earlier_ones(load_members: Loading) -> None:
    parties = [{**EVA, "salutation": "Dr."}, OTTO]
    load_members(letter(sent("print"), sent("email", party=0, address="eva@example.org"), parties=parties))
    late = letter(sent("web"), sent("sms", party=1, address="+49 711 5550100"), parties=parties)
    load = load_members(late)
    assert (load.variants_added, load.rejected) == (1, 0)
    recipients = {"2": "eva@example.org", "4": "+49 711 5550100"}
    assert details() == [{"salutation": "Dr.", "recipients": recipients}, None]
    assert Variant.objects.get(channel="sms").recipient_party == 1
    load_members(letter(sent("fax", address="+49 711 5550101")))
    assert details()[0]["recipients"] == {**recipients, "5": "+49 711 5550101"}


def test_an_address_is_kept_where_the_communication_names_nobody(load_members: Loading) -> None:
    load_members(letter(sent("print")))
    load_members(letter(sent("email", address="eva@example.org")))
    assert details() == [{"recipients": {"2": "eva@example.org"}}]


def test_late_variants_within_one_package_keep_their_addresses_too(load_members: Loading) -> None:
    members = letter(sent("print"))
    for channel in ("email", "sms"):
        members["manifest.jsonl"] += letter(sent(channel, address=f"to {channel}"))["manifest.jsonl"]
    assert load_members(members).variants_added == 2
    assert details() == [{"recipients": {"2": "to email", "3": "to sms"}}]


@pytest.mark.parametrize("archived", [[], [EVA]])
@pytest.mark.parametrize("together", [False, True])
def test_a_party_that_the_archived_communication_does_not_have_is_refused(
    load_members: Loading, tmp_path: Any, archived: list[Any], together: bool
) -> None:
    first = letter(sent("print"), parties=archived)
    late = letter(sent("print"), sent("email", party=len(archived), address="x@example.org"), parties=[EVA, OTTO])
    if together:
        first["manifest.jsonl"] += late["manifest.jsonl"]
        late = first
    else:
        load_members(first)
    (problem,) = check_source(write_tar(tmp_path / "check.tar", late), producer_key="engine")["problems"]
    load = load_members(late)
    assert (load.variants_added, load.rejected) == (0, 1)
    reject = Reject.objects.get()
    assert (reject.code, reject.field) == ("no_party", "variants.1.recipient.party")
    assert (problem["code"], problem["field"], problem["line"]) == (reject.code, reject.field, reject.line)
    assert Variant.objects.count() == 1 and all(not told for told in details())


def test_what_a_late_variant_tells_otherwise_is_logged_and_changes_nothing(load_members: Loading) -> None:
    load_members(letter(sent("print"), subject="First"))
    before = Communication.objects.values("subject", "account_number").get()
    load = load_members(letter(sent("sms"), subject="Second", account_number="8"))
    public_id = Communication.objects.get().public_id
    assert LoadLogLine.objects.filter(load=load, text__startswith="Line").get().text == (
        f"Line 1: late variant of {public_id}. It says otherwise in subject, account_number; nothing was changed."
    )
    assert Communication.objects.values("subject", "account_number").get() == before
    again = load_members(letter(sent("web"), subject="First"))
    assert not LoadLogLine.objects.filter(load=again, text__startswith="Line").exists()


def test_beyond_those_listed_duplicates_are_counted_in_one_line(
    load_members: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "NOTES_KEPT", 3)
    monkeypatch.setattr(pipeline, "CHUNK_RECORDS", 2)
    members = {
        "manifest.jsonl": manifest_of(
            *(record(1, external_id=f"x{number}", variants=[sent("sms")]) for number in range(8))
        )
    }
    first, second = load_members(members), load_members(members)
    assert (first.archived, second.duplicates) == (8, 8)
    told = LoadLogLine.objects.filter(load=second, text__contains="uplicate")
    texts = list(told.exclude(text__contains="records:").order_by("pk").values_list("text", flat=True))
    assert [text.partition(":")[0] for text in texts[:3]] == ["Line 1", "Line 2", "Line 3"]
    assert texts[3:] == ["And 5 more duplicates, which are counted and not listed."]
    assert not LoadLogLine.objects.filter(load=first, text__contains="more duplicates").exists()
