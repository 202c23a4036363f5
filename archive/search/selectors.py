"""Finding communications: one front door for the page, the command and, later, the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from archive.documents.fields import MOST_LISTED, bare_word, is_record_number
from archive.documents.models import (
    Channel,
    ClassVersion,
    Communication,
    IndexField,
    Variant,
)
from archive.documents.plans import BROAD, finds_few, keys_in
from archive.documents.selectors import (
    class_labels,
    first_names,
    index_fields,
    replaced_counts,
    unit_labels,
    visible_to,
)
from archive.documents.shown import value_shown
from archive.query import Comparison, Everything, Node, Phrase, QueryError, Values, Word, parse, registry, to_text
from archive.query.fields import NOTHING
from archive.query.to_q import true_q
from archive.query.tree import all_of, comparisons, conditions, words
from archive.search.asking import Asked, Walking, asked_of, asks_for_words
from archive.search.models import Search
from archive.search.paging import SORTS, Page, Sort, page_of, page_of_keys
from archive.search.waiting import waiting_q
from archive.search.walks import START, Budget, Filtered, keys_of, ranks_of
from archive.search.words.database import reader
from archive.search.words.snippets import Snippet, matching_texts, snippet_of

COUNTED_TO = 10_000
EXACTLY_SECONDS = 60.0
_NEIGHBOURS_AT_ONCE = 16
PAGE_ROWS = 50
_BY_NUMBER = frozenset({"account_number", "customer_id"})
_RARE = frozenset({"load", "state", "restricted", "channel", "language", "producer", "batch"})
_SHOWS_ALL_STATES = frozenset({"state", "record", "external_id"})


@dataclass(frozen=True, slots=True)
class Found:
    """A query that was resolved for a user: what it means, without having run.

    Shapes: `also` lists by field what aliases added; `hides_superseded` says that replaced ones are left out; `asked`
    are the words it asks for, None where it asks for none. With words, `rows` is what fulfils its other conditions.
    `ids` are bare words that mean an account, a customer, a record or a reference.
    """

    tree: Node
    rows: QuerySet[Communication]
    user: Any
    condition: Q
    broad: frozenset[str]
    also: dict[str, list[str]]
    hides_superseded: bool
    asked: Asked | None = None
    ids: frozenset[str] = frozenset()


def resolve(text: str, *, user: Any) -> Found:
    """Resolve a query for a user; nothing is read but configuration, aliases, and whether a number is known.

    Errors: QueryError.
    """
    tree = parse(text)
    values = Values(user)
    ids = _Ids(user, values)
    named = {comparison.field for comparison in comparisons(tree)}
    hides = not named & _SHOWS_ALL_STATES and not any(is_record_number(text) for text in words(tree))
    if not asks_for_words(tree, ids):
        condition = Q() if isinstance(tree, Everything) else true_q(tree, registry, values, bare=bare_word)
        filtering = (BROAD if finds_few(tree, registry, user) else frozenset()) | values.broad
        rows = visible_to(user, where=_current(condition) if hides else condition, filtering=filtering)
        return Found(tree, rows, user, condition, frozenset(values.broad), values.also, hides, ids=ids.met)
    asked = asked_of(
        tree,
        user=user,
        is_id=ids,
        compiled=lambda node: true_q(node, registry, values, bare=bare_word),
        everything=conditions(tree),
    )
    rows = visible_to(user, where=_current(asked.on_rows) if hides else asked.on_rows, filtering=values.broad)
    return Found(tree, rows, user, asked.on_rows, frozenset(values.broad), values.also, hides, asked, ids.met)


class _Ids:
    """Tells which bare words of a query are ids: those under which something stands that the user may see."""

    def __init__(self, user: Any, values: Values) -> None:
        self._user = user
        self._values = values
        self._known: dict[str, bool] = {}

    def __call__(self, node: Word | Phrase) -> bool:
        if isinstance(node, Word) and node.prefix:
            return False
        if node.text not in self._known:
            self._known[node.text] = is_record_number(node.text) or self._is_seen(node.text)
        return self._known[node.text]

    @property
    def met(self) -> frozenset[str]:
        """Return those that were asked about and are ids."""
        return frozenset(text for text, known in self._known.items() if known)

    def _is_seen(self, text: str) -> bool:
        q = bare_word(text, self._values)
        return q is not None and visible_to(self._user, where=q, filtering=BROAD).exists()


def _current(condition: Q) -> Q:
    return condition & Q(state=Communication.State.CURRENT)


def get_page(found: Found, *, sort: str = "-issued", limit: int = PAGE_ROWS, cursor: str = "") -> Page[Communication]:
    """Return one page of a resolved query.

    Errors: QueryError for an order that no index gives; BadCursorError; IndexDownError.
    """
    if sort not in SORTS:
        raise QueryError(_("This list cannot be sorted like that. Sort by issue date, archiving, account or customer."))
    order = SORTS[sort]
    if found.asked is not None:
        return _page_of_words(found, found.asked, order, limit, cursor)
    rows = found.rows
    if order.column in _BY_NUMBER:
        listed = _listed(found)
        rows = rows if listed is None else listed
    # The index that gives the order answers the condition too, or nothing is asked but what rights let through.
    if order.column in found.broad or (order.column and isinstance(found.tree, Everything)):
        rows = _rows(found, BROAD | found.broad - {order.column})
    return page_of(_light(rows), sort=order, limit=limit, cursor=cursor)


def _page_of_words(found: Found, asked: Asked, order: Sort, limit: int, cursor: str) -> Page[Communication]:
    if order.column:
        keys = first_keys(found, limit=COUNTED_TO + 1)
        if len(keys) > COUNTED_TO:
            message = _(
                "More than %(most)s communications have these words: that many can only be sorted by issue date."
            )
            raise QueryError(message % {"most": f"{COUNTED_TO:,}"})
        return page_of(_light(Communication.objects.filter(keys_in(keys))), sort=order, limit=limit, cursor=cursor)

    def keys_beyond(key: int | None, newest_first: bool, most: int) -> list[int]:
        start = START if key is None else ranks_of([key], newest_first=newest_first)[0] + 1
        return keys_of(_walking(found, asked, newest_first=newest_first).walk().take(start, most))

    def rows_of(keys: Sequence[int]) -> QuerySet[Communication]:
        return _light(Communication.objects.filter(keys_in(keys)))

    return page_of_keys(keys_beyond, rows_of, sort=order, limit=limit, cursor=cursor)


def _light(rows: QuerySet[Communication]) -> QuerySet[Communication]:
    return rows.defer("extra", "asset_references")


def _walking(
    found: Found, asked: Asked, *, newest_first: bool = True, state: str | None = "", budget: Budget | None = None
) -> Walking:
    """Return what makes the walks of a query's words; the state is the one that the list shows unless it is named."""
    shown = (Communication.State.CURRENT if found.hides_superseded else None) if state == "" else state

    def rows(q: Q, few: bool) -> QuerySet[Communication]:
        condition = q & Q(state=shown) if shown else q
        return visible_to(found.user, where=condition, filtering=(BROAD if few else frozenset()) | found.broad)

    return Walking(asked, rows, newest_first, budget or Budget())


def first_keys(found: Found, *, limit: int) -> list[int]:
    """Return the order keys of the newest hits, newest first; at most `limit`."""
    if found.asked is None:
        return list(found.rows.order_by("-order_key").values_list("order_key", flat=True)[:limit])
    return keys_of(_walking(found, found.asked).walk(first_batch=Filtered.LARGEST_BATCH).take(START, limit))


def all_keys(found: Found, *, batch: int = 5_000) -> Iterator[list[int]]:
    """Yield the order keys of all hits in batches, newest first, however long that takes; each batch asks anew.

    Shapes: a hit that appears while this runs may or may not be among them.
    """
    last: int | None = None
    while True:
        if found.asked is None:
            rows = found.rows if last is None else found.rows.filter(order_key__lt=last)
            keys = list(rows.order_by("-order_key").values_list("order_key", flat=True)[:batch])
        else:
            walking = _walking(found, found.asked, budget=Budget(EXACTLY_SECONDS))
            start = START if last is None else ranks_of([last], newest_first=True)[0] + 1
            keys = keys_of(walking.walk(first_batch=batch).take(start, batch))
        if keys:
            yield keys
        if len(keys) < batch:
            return
        last = keys[-1]


def _rows(found: Found, filtering: frozenset[str]) -> QuerySet[Communication]:
    """Return what a query finds, current ones only where it hides the others, with columns that only filter."""
    condition = _current(found.condition) if found.hides_superseded else found.condition
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
    """Return how many match, exactly up to 10,000; beyond that 10,000 and False, unless `exactly` all are counted.

    Errors: QueryError where counting takes too long; IndexDownError.
    """
    if exactly:
        return (sum(map(len, all_keys(found))) if found.asked else found.rows.order_by().count()), True
    if found.asked is not None:
        number = len(first_keys(found, limit=COUNTED_TO + 1))
        return (number, True) if number <= COUNTED_TO else (COUNTED_TO, False)
    return _counted(found.rows)


def count_superseded(found: Found) -> tuple[int, bool]:
    """Return how many replaced ones the list leaves out, exactly up to 10,000; beyond that 10,000 and False."""
    if not found.hides_superseded:
        return 0, True
    superseded = Communication.State.SUPERSEDED
    if found.asked is not None:
        walking = _walking(found, found.asked, state=superseded)
        number = len(walking.walk(lead=walking.rows(found.asked.on_rows, True)).take(START, COUNTED_TO + 1))
        return (number, True) if number <= COUNTED_TO else (COUNTED_TO, False)
    replaced = found.condition & Q(state=superseded)
    return _counted(visible_to(found.user, where=replaced, filtering=BROAD | found.broad))


def count_waiting(found: Found) -> tuple[int, bool]:
    """Return how many communications of a search for words may be missing, since their text is not indexed yet.

    Shapes: those that fulfil its other conditions, exactly up to 10,000; 0 for a search without words.
    Errors: IndexDownError.
    """
    if found.asked is None:
        return 0, True
    waiting = waiting_q()
    return (0, True) if waiting is NOTHING else _counted(found.rows.filter(waiting))


def with_superseded(found: Found) -> str:
    """Return the query that shows replaced ones beside current ones."""
    both = Comparison("state", "in", (Communication.State.CURRENT, Communication.State.SUPERSEDED))
    return to_text(all_of((found.tree, both)))


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
    snippet: Snippet | None = None
    snippet_channel: str = ""

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


def hit_list(
    rows: list[Communication], *, user: Any, found: Found | None = None, columns: Sequence[str] = ()
) -> HitList:
    """Return what a list shows of some rows; with what was asked, the words in their context too.

    Shapes: `columns` are the keys of the index fields to show; without, those of the class, where all are of one.

    Errors: IndexDownError.
    """
    keys = [row.order_key for row in rows]
    names, replaced = first_names(keys, user=user), replaced_counts(keys, user=user)
    snippets = snippets_of(keys, found.asked) if found and found.asked else {}
    channels = _channels_by_number(snippets) if snippets else {}
    units, classes, fields = unit_labels(), class_labels(), index_fields()
    shown, shared = _columns(rows, fields, columns)
    hits = [
        Hit(
            communication=row,
            unit=units[row.unit_id],
            class_label=classes[row.document_class_id],
            name=names.get(row.order_key, ""),
            replaces=replaced.get(row.order_key, 0),
            channels=channels_of(row.channels),
            cells=[Cell(column, _cell(row, fields[column.key])) for column in shown],
            snippet=snippets.get(row.order_key),
            snippet_channel=channels.get(row.order_key, ""),
        )
        for row in rows
    ]
    return HitList(hits, shown, _folded(hits) | shared)


def snippets_of(order_keys: Sequence[int], asked: Asked) -> dict[int, Snippet]:
    """Return where the words of a search stand in some of its hits; those whose texts have none are left out.

    Errors: IndexDownError.
    """
    if not asked.terms:
        return {}
    index = reader()
    matching = matching_texts(asked.terms, index)
    found = ((key, snippet_of(key, matching, index)) for key in order_keys) if matching else ()
    return {key: snippet for key, snippet in found if snippet is not None}


def _channels_by_number(snippets: dict[int, Snippet]) -> dict[int, str]:
    """Return the channel of the variant that each snippet comes from."""
    rows = Variant.objects.filter(order_key__in=snippets).values_list("order_key", "number", "channel")
    return {key: channel for key, number, channel in rows if snippets[key].variant == number}


def words_of_search(public_id: UUID, user: Any) -> list[str]:
    """Return the words of a user's own search that are marked in documents: tokens, a last `*` for beginnings.

    Shapes: empty for a search without words, for anybody else's, and for one that cannot be read any more.
    """
    try:
        asked = resolve(get_search(public_id, user=user).query, user=user).asked
    except (ObjectDoesNotExist, QueryError):
        return []
    terms = asked.terms if asked else ()
    return [" ".join(term.tokens) + ("*" if term.prefix else "") for term in terms if term.column != "subject"]


def channels_of(mask: int) -> list[Channel]:
    """Return the channels of a bit mask in their order."""
    return [channel for channel in Channel if mask & channel.bit]


def _columns(
    rows: list[Communication], fields: dict[str, IndexField], wanted: Sequence[str]
) -> tuple[list[Column], dict[str, str]]:
    """Return the index fields that a list shows, and in words those that all rows share.

    Shapes: without any wanted, the fields of their class, where all rows are of one; a field that no row has is
    neither.
    """
    columns: list[Column] = []
    shared: dict[str, str] = {}
    for field_ in (fields[key] for key in wanted or _class_columns(rows) if key in fields):
        values = {_cell(row, field_) for row in rows}
        if len(values) > 1 or len(rows) == 1:
            columns.append(Column(field_.key, field_.label, field_.type == IndexField.Type.NUMBER))
        elif values - {""}:
            shared[field_.key] = f"{field_.label} {values.pop()}"
    return columns, shared


def _class_columns(rows: list[Communication]) -> list[str]:
    classes = {row.document_class_id for row in rows}
    if len(classes) != 1:
        return []
    version = ClassVersion.objects.filter(document_class__in=classes, version=F("document_class__current")).first()
    return list(version.columns) if version else []


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
    """Return the public ids of the row before and the row after in a list; by issue date only.

    Errors: IndexDownError.
    """
    if sort.column:
        return None, None
    newer = _neighbour(found, communication.order_key, newest_first=False)
    older = _neighbour(found, communication.order_key, newest_first=True)
    return (newer, older) if sort.descending else (older, newer)


def _neighbour(found: Found, key: int, *, newest_first: bool) -> UUID | None:
    if found.asked is None:
        beyond, order = (Q(order_key__lt=key), "-order_key") if newest_first else (Q(order_key__gt=key), "order_key")
        return found.rows.filter(beyond).order_by(order).values_list("public_id", flat=True).first()
    walk = _walking(found, found.asked, newest_first=newest_first).walk(first_batch=_NEIGHBOURS_AT_ONCE)
    keys = keys_of(walk.take(ranks_of([key], newest_first=newest_first)[0] + 1, 1))
    rows = Communication.objects.filter(order_key__in=keys)
    return rows.values_list("public_id", flat=True).first()


def variants_of(rows: list[Communication]) -> dict[int, list[Variant]]:
    """Return the variants of some rows by order key, in one query."""
    found: dict[int, list[Variant]] = {row.order_key: [] for row in rows}
    for variant in Variant.objects.filter(order_key__in=found).order_by("order_key", "number"):
        found[variant.order_key].append(variant)
    return found
