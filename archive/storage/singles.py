"""Objects of their own: resources, stored once per unit and digest, and later singles and artifacts."""

from __future__ import annotations

import hashlib

from django.db import IntegrityError, transaction
from django.utils import timezone

from archive.storage.contract import Created, new_key
from archive.storage.models import Location, StoredObject, Tier, WriteIntent
from archive.storage.packing import declare_intents, end_intents
from archive.storage.tiers import default_tier, store_of


def store_resource(unit_id: int, payload: bytes, content_type: str) -> StoredObject:
    """Store a resource where the unit has none with these bytes yet; two at once end with one.

    Errors: those of the store.
    """
    digest = hashlib.sha256(payload).digest()
    known = StoredObject.objects.filter(kind=StoredObject.Kind.RESOURCE, unit_id=unit_id, sha256=digest)
    found = known.first()
    if found is not None:
        return found
    tier = default_tier()
    created = _write(payload, tier, f"resource of unit {unit_id}")
    try:
        with transaction.atomic():
            return _register(created, tier, payload, digest, unit_id, content_type)
    except IntegrityError:
        # Somebody stored the same bytes meanwhile: theirs stays, ours is nobody's.
        store_of(tier).discard_unfinished(created.key)
        WriteIntent.objects.filter(key=created.key).delete()
        return known.get()


def _write(payload: bytes, tier: Tier, reference: str) -> Created:
    key = new_key()
    declare_intents([key], tier=tier, reference=reference)
    pending = store_of(tier).begin(key)
    try:
        pending.write(payload)
        return pending.seal()
    except BaseException:
        pending.discard()  # the intent stays: sealing may have failed after the rename
        raise


def _register(
    created: Created, tier: Tier, payload: bytes, digest: bytes, unit_id: int, content_type: str
) -> StoredObject:
    now = timezone.now()
    stored_object = StoredObject.objects.create(
        kind=StoredObject.Kind.RESOURCE,
        size_bytes=len(payload),
        sha256=digest,
        content_type=content_type,
        unit_id=unit_id,
        created_at=now,
    )
    Location.objects.create(
        stored_object=stored_object, tier=tier, key=created.key, version_id=created.version_id, checked_at=now
    )
    end_intents([created.key])
    return stored_object
