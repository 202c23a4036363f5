"""Finding communications: one front door for the page, the command and, later, the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from archive.documents.fields import MOST_LISTED, bare_word, is_record_number
from archive.documents.models import (
    BusinessUnit,
    Channel,
    ClassVersion,
    Communication,
    DocumentClass,
    IndexField,
    Variant,
)
from archive.documents.plans import BROAD, finds_few
from archive.documents.selectors import first_names, index_fields, replaced_counts, visible_to
from archive.documents.shown import value_shown
from archive.query import Everything, Node, QueryError, Values, parse, registry
from archive.query.to_q import true_q
from archive.query.tree import comparisons, words
from archive.search.models import Search
from archive.search.paging import SORTS, Page, Sort, page_of

COUNTED_TO = 10_000
PAGE_ROWS = 50
_BY_NUMBER = frozenset({"account_number", "customer_id"})
_RARE = frozenset({"load", "state", "restricted", "channel", "language", "producer", "batch"})
_SHOWS_ALL_STATES = frozenset({"state", "record", "external_id"})


@dataclass(frozen=True, slots=True)
class Found:
    """A query that was resolved for a user: what it means, without having run.

    Shapes: `also` lists by field what aliases added; `hides_superseded` says that replaced ones are left out.
    """

    tree: Node
    rows: QuerySet[Communication]
    user: Any
    condition: Q
    broad: frozenset[str]
    also: dict[str, list[str]]
    hides_superseded: bool


def resolve(text: str, *, user: Any) -> Found:
    """Resolve a query for a user; nothing is read but configuration and aliases.

    Errors: QueryError.
    """
    tree = parse(text)
    values = Values(user)
    asked = Q() if isinstance(tree, Everything) else true_q(tree, registry, values, bare=bare_word)
    filtering = (BROAD if finds_few(tree, registry, user) else frozenset()) | values.broad
    named = {comparison.field for comparison in comparisons(tree)}
    hides = not named & _SHOWS_ALL_STATES and not any(is_record_number(text) for text in words(tree))
    condition = asked & Q(state=Communication.State.CURRENT) if hides else asked
    rows = visible_to(user, where=condition, filtering=filtering)
    return Found(tree, rows, user, asked, frozenset(values.broad), values.also, hides)


def get_page(found: Found, *, sort: str = "-issued", limit: int = PAGE_ROWS, cursor: str = "") -> Page[Communication]:
    """Return one page of a resolved query.

    Errors: QueryError for an order that no index gives; BadCursorError.
    """
    if sort not in SORTS:
        raise QueryError(_("This list cannot be sorted like that. Sort by issue date, archiving, account or customer."))
    rows = found.rows
    if SORTS[sort].column in _BY_NUMBER:
        listed = _listed(found)
        rows = rows if listed is None else listed
    if SORTS[sort].column in found.broad:  # the index that gives the order answers the condition too
        rows = _rows(found, BROAD | found.broad - {SORTS[sort].column})
    return page_of(rows.defer("extra", "asset_references"), sort=SORTS[sort], limit=limit, cursor=cursor)


def _rows(found: Found, filtering: frozenset[str]) -> QuerySet[Communication]:
    """Return what a query finds, current ones only where it hides the others, with columns that only filter."""
    condition = found.condition & Q(state=Communication.State.CURRENT) if found.hides_superseded else found.condition
    return visible_to(found.user, where=condition, filtering=filtering)


def _listed(found: Found) -> QuerySet[Communication] | None:
    """Return what a query finds as a list of keys, so that few are sorted and not looked for in the order of numbers.

    Shapes: None where there are more than are listed: then a walk in that order meets them soon. Without conditions
    that may be rare, nothing is asked.
    """
    if finds_few(found.tree, registry, found.user) or not any(row.field in _RARE for row in comparisons(found.tree)):
        return None
    keys = list(found.rows.order_by().values_list("order_key", flat=True)[: MOST_LISTED + 1])
    return Communication.objects.filter(order_key__in=keys) if len(keys) <= MOST_LISTED else None


def count(found: Found, *, exactly: bool = False) -> tuple[int, bool]:
    """Return how many match, exactly up to 10,000; beyond that 10,000 and False, unless `exactly` all are counted."""
    if exactly:
        return found.rows.order_by().count(), True
    return _counted(found.rows)


def count_superseded(found: Found) -> tuple[int, bool]:
    """Return how many replaced ones the list leaves out, exactly up to 10,000; beyond that 10,000 and False."""
    if not found.hides_superseded:
        return 0, True
    replaced = found.condition & Q(state=Communication.State.SUPERSEDED)
    return _counted(visible_to(found.user, where=replaced, filtering=BROAD | found.broad))


def _counted(rows: QuerySet[Communication]) -> tuple[int, bool]:
    number = rows.order_by()[: COUNTED_TO + 1].count()
    return (number, True) if number <= COUNTED_TO else (COUNTED_TO, False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of index values; numbers stand on the right."""

    key: str
    label: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a column, as people read it."""

    column: Column
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of the hit list."""

    communication: Communication
    unit: str
    class_label: str
    name: str
    replaces: int
    channels: list[Channel]
    cells: list[Cell]

    @property
    def customer(self) -> tuple[str, str]:
        """Return whom it is for: name and customer id, either may be empty."""
        return self.name, self.communication.customer_id

    @property
    def account(self) -> str:
        """Return the account number."""
        return self.communication.account_number


@dataclass(frozen=True, slots=True)
class HitList:
    """The rows of a page with what they show; a constant number of queries whatever the number of rows.

    Shapes: `columns` are index fields; each hit's cells follow them. `folded` are facts that all rows share, so that
    they need no column: unit, class_label, customer, account, and index fields by key.
    """

    hits: list[Hit]
    columns: list[Column]
    folded: dict[str, str] = field(default_factory=dict)


def hit_list(rows: list[Communication], *, user: Any) -> HitList:
    """Return what a list shows of some rows."""
    keys = [row.order_key for row in rows]
    names, replaced = first_names(keys, user=user), replaced_counts(keys, user=user)
    units = dict(BusinessUnit.objects.values_list("pk", "label"))
    classes = dict(DocumentClass.objects.values_list("pk", "label"))
    fields = index_fields()
    columns, shared = _columns(rows, fields)
    hits = [
        Hit(
            communication=row,
            unit=units[row.unit_id],
            class_label=classes[row.document_class_id],
            name=names.get(row.order_key, ""),
            replaces=replaced.get(row.order_key, 0),
            channels=channels_of(row.channels),
            cells=[Cell(column, _cell(row, fields[column.key])) for column in columns],
        )
        for row in rows
    ]
    return HitList(hits, columns, _folded(hits) | shared)


def channels_of(mask: int) -> list[Channel]:
    """Return the channels of a bit mask in their order."""
    return [channel for channel in Channel if mask & channel.bit]


def _columns(rows: list[Communication], fields: dict[str, IndexField]) -> tuple[list[Column], dict[str, str]]:
    """Return the index fields that a list shows, and in words those that all rows share.

    Shapes: the fields of their class, where all rows are of one; a field that no row has is neither.
    """
    classes = {row.document_class_id for row in rows}
    if len(classes) != 1:
        return [], {}
    version = ClassVersion.objects.filter(document_class__in=classes, version=F("document_class__current")).first()
    columns: list[Column] = []
    shared: dict[str, str] = {}
    for field_ in (fields[key] for key in (version.columns if version else []) if key in fields):
        values = {_cell(row, field_) for row in rows}
        if len(values) > 1 or len(rows) == 1:
            columns.append(Column(field_.key, field_.label, field_.type == IndexField.Type.NUMBER))
        elif values != {""}:
            shared[field_.key] = f"{field_.label} {values.pop()}"
    return columns, shared


def _folded(hits: list[Hit]) -> dict[str, str]:
    """Return what all rows share; one row alone shares nothing."""
    folded: dict[str, str] = {}
    for name in ("unit", "class_label", "customer", "account") if len(hits) > 1 else ():
        values = {getattr(hit, name) for hit in hits}
        value = values.pop()
        words = " ".join(filter(None, value)) if isinstance(value, tuple) else value
        if not values and words:
            folded[name] = words
    return folded


def _cell(row: Communication, field: IndexField) -> str:
    return value_shown((row.index_values or {}).get(field.key, ""), field.type)


def get_search(public_id: UUID, *, user: Any) -> Search:
    """Return a search of the user's own. Errors: Search.DoesNotExist for anybody else's too."""
    return Search.objects.get(public_id=public_id, user=user)


def neighbours(found: Found, communication: Communication, *, sort: Sort) -> tuple[UUID | None, UUID | None]:
    """Return the public ids of the row before and the row after in a list; by issue date only."""
    if sort.column:
        return None, None
    keys = found.rows.order_by().values_list("public_id", flat=True)
    newer = keys.filter(order_key__gt=communication.order_key).order_by("order_key").first()
    older = keys.filter(order_key__lt=communication.order_key).order_by("-order_key").first()
    return (newer, older) if sort.descending else (older, newer)


def variants_of(rows: list[Communication]) -> dict[int, list[Variant]]:
    """Return the variants of some rows by order key, in one query."""
    found: dict[int, list[Variant]] = {row.order_key: [] for row in rows}
    for variant in Variant.objects.filter(order_key__in=found).order_by("order_key", "number"):
        found[variant.order_key].append(variant)
    return found
