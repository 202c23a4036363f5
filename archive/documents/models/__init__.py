"""The record: configuration, communications and what hangs on them. An index of the files beside it."""

from archive.documents.models.access import AccessRule
from archive.documents.models.communications import (
    Communication,
    CommunicationLink,
    IngestKey,
    MultipleValue,
    OrderKeyBlock,
)
from archive.documents.models.configuration import BusinessUnit, ClassVersion, DocumentClass, IndexField, Producer
from archive.documents.models.notes import Note
from archive.documents.models.parties import Party, PartyAlias, Person, PersonToken
from archive.documents.models.variants import Channel, LateVariant, Rendition, Variant, VariantResource

__all__ = [
    "AccessRule",
    "BusinessUnit",
    "Channel",
    "ClassVersion",
    "Communication",
    "CommunicationLink",
    "DocumentClass",
    "IndexField",
    "IngestKey",
    "LateVariant",
    "MultipleValue",
    "Note",
    "OrderKeyBlock",
    "Party",
    "PartyAlias",
    "Person",
    "PersonToken",
    "Producer",
    "Rendition",
    "Variant",
    "VariantResource",
]
