"""Index of the models of this app's packages; nested apps (audit, retention) index themselves."""

from archive.batches.models import Batch, Load, LoadBatch, LoadLogLine, Reject
from archive.documents.models import (
    AccessRule,
    BusinessUnit,
    ClassVersion,
    Communication,
    CommunicationLink,
    DocumentClass,
    IndexField,
    IngestKey,
    MultipleValue,
    OrderKeyBlock,
    Party,
    PartyAlias,
    Person,
    PersonToken,
    Producer,
    Variant,
    VariantResource,
)
from archive.ingest.models import IngestMapping
from archive.search.models import Search
from archive.storage.models import Incident, Location, StoredObject, Tier, WriteIntent
from archive.work.models import WorkItem

__all__ = [
    "AccessRule",
    "Batch",
    "BusinessUnit",
    "ClassVersion",
    "Communication",
    "CommunicationLink",
    "DocumentClass",
    "Incident",
    "IndexField",
    "IngestKey",
    "IngestMapping",
    "Load",
    "LoadBatch",
    "LoadLogLine",
    "Location",
    "MultipleValue",
    "OrderKeyBlock",
    "Party",
    "PartyAlias",
    "Person",
    "PersonToken",
    "Producer",
    "Reject",
    "Search",
    "StoredObject",
    "Tier",
    "Variant",
    "VariantResource",
    "WorkItem",
    "WriteIntent",
]
