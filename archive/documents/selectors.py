"""Reading the record. Every read of communications starts from `visible_to`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from archive.documents.access import rules_of, visible_q
from archive.documents.models import (
    AccessRule,
    BusinessUnit,
    Communication,
    CommunicationLink,
    DocumentClass,
    IndexField,
    Note,
    Party,
    Person,
    Rendition,
    Variant,
    VariantResource,
)
from archive.documents.plans import only_filtering
from archive.documents.remembering import remembered
from archive.documents.rule_words import Wording
from archive.query import QueryError, Values, registry
from archive.query.to_q import true_q

RECIPIENTS = "recipients"
PARTIES_PERMISSION = "archive.view_parties"
NOTES_PERMISSION = "archive.view_notes"


def visible_to(user: Any, *, where: Q | None = None, filtering: Collection[str] = ()) -> QuerySet[Communication]:
    """Return the communications that a user may see, in no order.

    Shapes: `where` narrows them; columns that are only `filtering` lead no search by an index. Loads that
    are provisional or withdrawn (later issues) are left out here and nowhere else.
    """
    condition = visible_q(user) if where is None else visible_q(user) & where
    return Communication.objects.filter(only_filtering(condition, filtering) if filtering else condition)


def get_communication(public_id: UUID, *, user: Any) -> Communication:
    """Return one communication. Errors: Communication.DoesNotExist, alike for absent and forbidden."""
    related = ("unit", "document_class", "producer", "load", "batch")
    return visible_to(user).select_related(*related).get(public_id=public_id)


def get_variant(public_id: UUID, number: int, *, user: Any) -> tuple[Communication, Variant]:
    """Return a variant with its communication. Errors: DoesNotExist of either, alike for absent and forbidden."""
    communication = get_communication(public_id, user=user)
    return communication, Variant.objects.get(order_key=communication.order_key, number=number)


def list_variants(communication: Communication) -> list[Variant]:
    """Return the variants in order of number."""
    return list(Variant.objects.filter(order_key=communication.order_key).order_by("number"))


def viewing_of(variant: Variant) -> Rendition | None:
    """Return the rendition for reading that the producer delivered beside a variant, or None."""
    return Rendition.objects.filter(
        order_key=variant.order_key, number=variant.number, purpose=Rendition.Purpose.VIEWING
    ).first()


def list_resources(order_key: int, number: int) -> list[VariantResource]:
    """Return the resources of a variant in order."""
    return list(VariantResource.objects.filter(order_key=order_key, number=number).order_by("position"))


@dataclass(frozen=True, slots=True)
class PartyView:
    """A party as a page shows it; personal parts are empty for those who may not see them."""

    number: int
    role: str
    customer_id: str
    name: str = ""
    postcode: str = ""
    address: str = ""
    details: tuple[tuple[str, str], ...] = ()


def recipient_of(communication: Communication, number: int, *, user: Any) -> str:
    """Return the address to which a variant went, by right and where it is known, else an empty text."""
    if not user.has_perm(PARTIES_PERMISSION):
        return ""
    row = Person.objects.filter(order_key=communication.order_key, number=0).first()
    sent_to = ((row.details if row else None) or {}).get(RECIPIENTS, {})
    return str(sent_to.get(str(number), "")) if isinstance(sent_to, dict) else ""


def list_parties(communication: Communication, *, user: Any) -> list[PartyView]:
    """Return the parties, the first one first; names and addresses by right."""
    persons: dict[int, Person] = {}
    if user.has_perm(PARTIES_PERMISSION):
        persons = {row.number: row for row in Person.objects.filter(order_key=communication.order_key)}
    rows = [(0, communication.party_role, communication.customer_id)]
    further = Party.objects.filter(order_key=communication.order_key).order_by("number")
    rows += further.values_list("number", "role", "customer_id")
    views: list[PartyView] = []
    for number, role, customer_id in rows:
        person = persons.get(number)
        told = (person.name, person.postcode, person.address) if person else ("", "", "")
        details = _details(person)
        if role or customer_id or any(told) or details:
            views.append(PartyView(number, role, customer_id, *told, details))
    return views


def _details(person: Person | None) -> tuple[tuple[str, str], ...]:
    """Return what else came about a person, as text; recipients belong to the variants."""
    rows = ((person.details if person else None) or {}).items()
    return tuple(
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in rows
        if key != RECIPIENTS
    )


def first_names(order_keys: Collection[int], *, user: Any) -> dict[int, str]:
    """Return the first party's name by order key, by right; one query whatever the number."""
    if not order_keys or not user.has_perm(PARTIES_PERMISSION):
        return {}
    return dict(Person.objects.filter(order_key__in=order_keys, number=0).values_list("order_key", "name"))


def replaced_counts(order_keys: Collection[int], *, user: Any) -> dict[int, int]:
    """Return how many earlier communications that the user may see each one replaces; two queries at most."""
    links = CommunicationLink.objects.filter(from_key__in=order_keys, kind=CommunicationLink.Kind.SUPERSEDES)
    pairs = [(start, end) for start, end in links.values_list("from_key", "to_key") if end is not None]
    if not pairs:
        return {}
    replaced = {end for _start, end in pairs}
    seen = set(visible_to(user).filter(order_key__in=replaced).values_list("order_key", flat=True))
    return dict(Counter(start for start, end in pairs if end in seen))


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link to another communication that the user may see, or to one that has not arrived."""

    kind: str
    forward: bool
    communication: Communication | None
    external_id: str
    reason: str


def list_links(communication: Communication, *, user: Any) -> list[LinkView]:
    """Return the links in both directions; what the user may not see leaves no trace."""
    key = communication.order_key
    rows = list(CommunicationLink.objects.filter(Q(from_key=key) | Q(to_key=key)).order_by("pk"))
    both = [row.to_key if row.from_key == key else row.from_key for row in rows]
    ends = {end for end in both if end is not None}
    seen = {row.order_key: row for row in visible_to(user).filter(order_key__in=ends)}
    views: list[LinkView] = []
    for row in rows:
        forward = row.from_key == key
        other = row.to_key if forward else row.from_key
        if other is None:
            views.append(LinkView(row.kind, forward, None, row.to_external_id, row.reason))
        elif other in seen:
            views.append(LinkView(row.kind, forward, seen[other], seen[other].external_id, row.reason))
    return views


def list_notes(communication: Communication, *, user: Any) -> list[Note]:
    """Return the notes on a communication in the order in which they were written; none without the right."""
    if not user.has_perm(NOTES_PERMISSION):
        return []
    return list(Note.objects.filter(order_key=communication.order_key).order_by("number"))


def count_notes(communication: Communication, *, user: Any) -> int:
    """Return how many notes on a communication the user may read."""
    if not user.has_perm(NOTES_PERMISSION):
        return 0
    return Note.objects.filter(order_key=communication.order_key).count()


@remembered(lambda: None)
def unit_labels() -> dict[int, str]:
    """Return the labels of all units by id."""
    return dict(BusinessUnit.objects.values_list("pk", "label"))


@remembered(lambda: None)
def class_labels() -> dict[int, str]:
    """Return the labels of all classes by id."""
    return dict(DocumentClass.objects.values_list("pk", "label"))


@remembered(lambda: None)
def index_fields() -> dict[str, IndexField]:
    """Return all index fields, retired ones too, by key."""
    return {field.key: field for field in IndexField.objects.all()}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a user sees a communication: a rule of a group that is true for it."""

    group: str
    allow: bool
    words: str
    note: str


def explain_access(communication: Communication, *, user: Any) -> list[Reason]:
    """Return the allow rules that are true for a communication, in words."""
    reasons: list[Reason] = []
    wording = Wording()
    for rule in rules_of(user):
        if rule.row.effect != AccessRule.Effect.ALLOW:
            continue
        try:
            applies = true_q(rule.tree, registry, Values(None))
        except QueryError:
            continue
        if Communication.objects.filter(applies, pk=communication.pk).exists():
            reasons.append(Reason(rule.row.group.name, True, wording.of(rule.tree), rule.row.note))
    return reasons


def describe_scope(user: Any) -> list[Reason]:
    """Return the rules of a user in words, allowing ones first: what he may see at all."""
    wording = Wording()
    return [
        Reason(rule.row.group.name, rule.row.effect == AccessRule.Effect.ALLOW, wording.of(rule.tree), rule.row.note)
        for rule in rules_of(user)
    ]
