"""An archive for tests: records go in by the real pipeline, and letters come out by their external id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archive.audit.models import Event, EventPrivate
from archive.batches.models import Load
from archive.documents.models import AccessRule, Communication, Variant
from archive.query import Values, parse, registry
from archive.query.to_q import true_q
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, write_tar


def sms(text: str = "Your statement is ready.", **changes: Any) -> dict[str, Any]:
    """Return a variant whose text stands in the manifest."""
    return {"channel": "sms", "text": text, **changes}


def letter(external_id: str, **changes: Any) -> dict[str, Any]:
    """Return a record of a retail statement with an SMS; `index` and the rest as given."""
    return {
        "external_id": external_id,
        "business_unit": "retail",
        "document_class": "statement",
        "issued_on": "2026-10-31",
        "variants": [sms()],
        **changes,
    }


class Archive:
    """Loads records and finds what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = 0

    def load(self, *records: dict[str, Any], members: dict[str, bytes] | None = None) -> Load:
        """Load records as one package, with the files they name; nothing may be set aside."""
        self.packages += 1
        path = self.folder / f"package{self.packages}.tar"
        load = load_package(write_tar(path, {"manifest.jsonl": manifest_of(*records), **(members or {})}))
        assert load.rejected == 0, list(load.rejects.values_list("field", "reason"))
        return load

    def get(self, external_id: str) -> Communication:
        """Return a communication by its producer's id."""
        return Communication.objects.get(external_id=external_id)

    def add(self, external_id: str, **changes: Any) -> Communication:
        """Load one letter and return it."""
        members = changes.pop("members", None)
        self.load(letter(external_id, **changes), members=members)
        return self.get(external_id)

    def add_file(self, external_id: str, name: str, content: bytes, content_type: str, **changes: Any) -> Communication:
        """Load one letter whose only variant is this file; `resources` are members that it names."""
        resources: dict[str, bytes] = changes.pop("resources", {})
        variant = {"channel": "web", "file": name, "content_type": content_type, **changes.pop("variant", {})}
        if resources:
            variant["resources"] = list(resources)
        return self.add(external_id, variants=[variant], members={name: content, **resources}, **changes)


def variant_of(communication: Communication, number: int = 1) -> Variant:
    """Return a variant of a communication."""
    return Variant.objects.get(order_key=communication.order_key, number=number)


def external_ids(rows: Any) -> set[str]:
    """Return which letters some rows are."""
    return set(rows.values_list("external_id", flat=True))


def matching(text: str, user: Any = None) -> set[str]:
    """Return which letters a query means, whoever may see them."""
    return external_ids(Communication.objects.filter(true_q(parse(text), registry, Values(user))))


def set_rules(group: Any, *, allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> None:
    """Give a group exactly these rules."""
    AccessRule.objects.filter(group=group).delete()
    for effect, expressions in (("allow", allow), ("deny", deny)):
        for expression in expressions:
            AccessRule.objects.create(group=group, effect=effect, expression=expression)


def events(*verbs: str) -> list[Event]:
    """Return the events of some verbs, oldest first."""
    return list(Event.objects.filter(verb__in=verbs).order_by("pk"))


def private_texts(event: Event) -> dict[str, str]:
    """Return what lies in the erasable row of an event."""
    return dict(EventPrivate.objects.get(event_id=event.event_id).texts)


def body_of(response: Any) -> bytes:
    """Return all bytes of an answer, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else response.content
