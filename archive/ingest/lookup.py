"""What is archived already under the identities of some records: a constant number of queries for each chunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from archive.documents.models import Communication, IngestKey, Person, Variant
from archive.ingest.identity import Identity, Known
from archive.ingest.records import Draft


def find_known(identities: Collection[Identity]) -> dict[Identity, Known]:
    """Return what is archived under these identities; those without an entry are new."""
    found: dict[Identity, Known] = {}
    by_owner: dict[tuple[int, int], list[str]] = defaultdict(list)
    for unit_id, producer_id, external_id in identities:
        by_owner[unit_id, producer_id].append(external_id)
    for (unit_id, producer_id), external_ids in by_owner.items():
        keys = IngestKey.objects.filter(unit_id=unit_id, producer_id=producer_id, external_id__in=external_ids)
        for external_id, public_id, order_key in keys.values_list("external_id", "public_id", "order_key"):
            found[unit_id, producer_id, external_id] = Known(order_key, public_id, {}, {}, b"")
    if found:
        _fill(found)
    return found


def _fill(found: dict[Identity, Known]) -> None:
    by_key = {known.order_key: known for known in found.values()}
    variants = Variant.objects.filter(order_key__in=by_key)
    for order_key, number, channel, digest in variants.values_list("order_key", "number", "channel", "sha256"):
        by_key[order_key].digests[channel] = bytes(digest)
        by_key[order_key].numbers[channel] = number
    nameless: list[int] = []
    persons = Person.objects.filter(order_key__in=by_key)
    for order_key, number, salt, *told in persons.values_list(
        "order_key", "number", "salt", "name", "postcode", "address"
    ):
        known = by_key[order_key]
        known.parties += 1
        if number == 0:
            known.salt = bytes(salt)
            if not any(told):
                nameless.append(order_key)
    if nameless:
        _uncount_nobody(by_key, nameless)


def _uncount_nobody(by_key: dict[int, Known], order_keys: Sequence[int]) -> None:
    """Correct the count where the first row, which always exists, stands for nobody."""
    rows = Communication.objects.filter(pk__in=order_keys, party_role="", customer_id="")
    for order_key in rows.values_list("order_key", flat=True):
        if by_key[order_key].parties == 1:
            by_key[order_key].parties = 0


def differing_fields(repeated: Sequence[tuple[Draft, int]]) -> list[list[str]]:
    """Return for each record that names an archived one which fields it tells otherwise: reported, never applied.

    Shapes: nothing where the other is not committed yet.
    """
    rows = Communication.objects.in_bulk([order_key for _draft, order_key in repeated])
    return [_differing(draft, rows[order_key]) if order_key in rows else [] for draft, order_key in repeated]


def _differing(draft: Draft, row: Communication) -> list[str]:
    told = {
        "issued_on": (draft.issued_on, row.issued_on),
        "document_class": (draft.document_class.id, row.document_class_id),
        "subject": (draft.subject, row.subject),
        "language": (draft.language, row.language),
        "customer_id": (draft.customer_id, row.customer_id),
        "account_number": (draft.account_number, row.account_number),
        "index": (draft.index_values or {}, row.index_values or {}),
    }
    return [name for name, (incoming, archived) in told.items() if incoming != archived]
