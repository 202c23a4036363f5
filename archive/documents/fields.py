"""The fields that `documents` names to the query language, and what each answers with.

Everything is a condition on the communication itself or on its order key, so that one walk along one index answers:
first the rarest column, then in issue order (figures: README).
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import and_, or_
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.batches.models import Batch
from archive.documents.access import visible_q
from archive.documents.aliases import expand
from archive.documents.dates import Days, days_of
from archive.documents.models import (
    BusinessUnit,
    Channel,
    ClassVersion,
    Communication,
    DocumentClass,
    IndexField,
    MultipleValue,
    Party,
    PersonToken,
    Producer,
)
from archive.documents.order_key import first_key, last_key
from archive.documents.remembering import remembered
from archive.documents.text import SlotValueError, encode_number, fold, name_tokens, postcode_tokens
from archive.query import Comparison, Field, QueryError, Values, registry
from archive.query.fields import RANGES, Truth
from archive.query.to_q import column_truth

_RECORD = re.compile(r"[Vv]-(\d{1,18})-(\d{1,18})")
_LOAD = re.compile(r"(?:[Ll]-)?(\d{1,18})")
MOST_LISTED = 5_000
# No row has it, but it is asked for: an empty list would spare the query, and so tell of what may not be seen.
_NONE = [0]
MOST_TOKENS = 50
_IN = frozenset({"in"})
_TEXT = frozenset({"in", "prefix"})
_DATES = RANGES | _IN


def register_fields() -> None:
    """Name the fields, at start-up."""
    for field in _built_in():
        registry.add(field)
    registry.add_source(_index_fields)


def _built_in() -> Iterable[Field]:
    yield Field("unit", gettext_lazy("Unit"), _IN, _unit, stable=True, example="unit:retail", choices=_units)
    yield Field("class", gettext_lazy("Class"), _IN, _class, stable=True, example="class:statement", choices=_classes)
    yield Field("customer", gettext_lazy("Customer"), _TEXT, _customer, example="customer:C-1009", finds_few=True)
    yield Field("account", gettext_lazy("Account"), _TEXT, _account, example="account:0004711", finds_few=True)
    yield Field(
        "external_id",
        gettext_lazy("External id"),
        _TEXT,
        _external_id,
        example="external_id:JOB7-000123",
        finds_few=True,
    )
    yield Field("record", gettext_lazy("Record"), _IN, _record, example="record:V-12-340", finds_few=True)
    yield Field("producer", gettext_lazy("Producer"), _IN, _producer, example="producer:exstream-prod")
    yield Field("batch", gettext_lazy("Batch"), _IN, _batch, example="batch:JOB7")
    yield Field("load", gettext_lazy("Load"), _IN, _load, example="load:L-12")
    yield Field("issued", gettext_lazy("Issued"), _DATES, _issued, example="issued:2026-01..2026-06")
    yield Field("archived", gettext_lazy("Archived"), _DATES, _archived, example="archived:2026-11-23")
    yield Field("channel", gettext_lazy("Channel"), _IN, _channel, example="channel:email", choices=_channels)
    yield Field("language", gettext_lazy("Language"), _TEXT, _language, example="language:de")
    yield Field("state", gettext_lazy("State"), _IN, _state, example="state:superseded", choices=_states)
    yield Field("restricted", gettext_lazy("Restricted"), _IN, _restricted, stable=True, example="restricted:yes")
    yield Field(
        "name",
        gettext_lazy("Name"),
        _TEXT,
        _name,
        permission="archive.view_parties",
        example='name:"Eva Müller"',
        finds_few=True,
    )
    yield Field(
        "postcode",
        gettext_lazy("Postcode"),
        _TEXT,
        _postcode,
        permission="archive.view_parties",
        example="postcode:70173",
        finds_few=True,
    )


# Configuration: small tables, looked up by key


@remembered(lambda: None)
def _units() -> Iterable[tuple[str, str]]:
    return list(BusinessUnit.objects.order_by("label").values_list("key", "label"))


@remembered(lambda: None)
def _classes() -> Iterable[tuple[str, str]]:
    return list(DocumentClass.objects.order_by("label").values_list("key", "label"))


def _channels() -> Iterable[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Channel.choices]


def _states() -> Iterable[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Communication.State.choices]


def _ids(model: type[models.Model], comparison: Comparison, what: str) -> list[int]:
    """Return the ids of the rows with these keys. Errors: QueryError with the closest key."""
    known = _keys(model)
    return [known[value] if value in known else _unknown(value, known, comparison, what) for value in comparison.values]


@remembered(lambda model: model)
def _keys(model: type[models.Model]) -> dict[str, int]:
    return {str(key): int(pk) for key, pk in model._default_manager.values_list("key", "pk")}


def _unknown(value: str, known: Iterable[str], comparison: Comparison, what: str) -> int:
    start = comparison.span[0]
    message = _('No %(what)s is called "%(value)s" (character %(place)s).') % {
        "what": what,
        "value": value[:60],
        "place": start + len(comparison.field) + 2,
    }
    close = difflib.get_close_matches(value, list(known), n=1)
    suggestion = f"{comparison.field}:{close[0]}" if close else ""
    if suggestion:
        message += " " + _("Did you mean %(suggestion)s?") % {"suggestion": suggestion}
    raise QueryError(message, *comparison.span, suggestion)


def _sure(q: Q) -> Truth:
    """Answer for something that is never missing."""
    return Truth(q, ~q)


def _unit(comparison: Comparison, values: Values) -> Truth:
    ids = _ids(BusinessUnit, comparison, _("unit"))
    merged = [pk for pk, into in _merged_units() if into in ids]
    return _sure(_one_or_in("unit_id", [*ids, *merged]))


@remembered(lambda: None)
def _merged_units() -> list[tuple[int, int | None]]:
    return list(BusinessUnit.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into_id"))


def _class(comparison: Comparison, values: Values) -> Truth:
    return _sure(_one_or_in("document_class_id", _ids(DocumentClass, comparison, _("class"))))


def _producer(comparison: Comparison, values: Values) -> Truth:
    return _sure(_one_or_in("producer_id", _ids(Producer, comparison, _("producer"))))


def _one_or_in(column: str, found: list[int]) -> Q:
    return Q(**{column: found[0]}) if len(found) == 1 else Q(**{f"{column}__in": found})


# Columns


def _present(column: str, q: Q) -> Truth:
    """Answer for a text column where the empty text means that there is no value."""
    return Truth(q, ~Q(**{column: ""}) & ~q)


def _spellings(values: Iterable[str]) -> list[str]:
    """Return values as typed and in upper and lower case: people type c-1009 for C-1009."""
    return list(dict.fromkeys(form for value in values for form in (value, value.upper(), value.lower())))


def _begins(column: str, comparison: Comparison, values: Values) -> Q:
    """Return the condition that a column begins with a value, in any of its spellings; a range uses the index."""
    lows = _spellings(comparison.values)
    ranges = [Q(**{f"{column}__gte": low, f"{column}__lt": low + "\U0010ffff"}) for low in lows]
    for begins in ranges:
        _note_broad(column, begins, values)
    return reduce(or_, ranges)


def _note_broad(column: str, begins: Q, values: Values) -> None:
    """Note a column of which more begin like this than are sorted at once; one step for each into its index."""
    beginning = Communication.objects.filter(begins).order_by(column).values_list(column, flat=True)
    if values.user is not None and beginning[MOST_LISTED : MOST_LISTED + 1]:
        values.broad.add(column)


Finding = Callable[[Sequence[str]], Q]
"""Returns the condition that a communication has one of some numbers."""


def _renumbered(kind: str, find: Finding, comparison: Comparison, values: Values) -> Q:
    """Return the condition for numbers as typed, and in each unit for what they were renumbered from or into there."""
    typed = _spellings(comparison.values)
    q = find(typed)
    for unit_id, numbers in expand(kind, typed).items():
        here = Q(unit_id=unit_id) & (find(typed) | find(_spellings(sorted(numbers))))
        q |= here
        if values.user is not None and Communication.objects.filter(here & visible_q(values.user)).exists():
            # Who sees nothing of it there is not told that there is such a number.
            values.also.setdefault(comparison.field, []).extend(sorted(numbers))
    return q


def _customer(comparison: Comparison, values: Values) -> Truth:
    if comparison.op == "prefix":
        return _a_customer(_of_customers(_begins("customer_id", comparison, values)))
    q = _renumbered("customer", lambda ids: _of_customers(Q(customer_id__in=ids)), comparison, values)
    return _a_customer(q)


def _a_customer(q: Q) -> Truth:
    """Answer for the customers of all parties: where none of them has an id, it is unknown."""
    further = Party.objects.filter(order_key=models.OuterRef("order_key")).exclude(customer_id="")
    return Truth(q, (~Q(customer_id="") | Q(models.Exists(further))) & ~q)


def _of_customers(q: Q) -> Q:
    """Widen a condition on the first party's customer to all parties.

    Further parties are few: their keys are found first, so that the walk stays on one index (no OR over two tables).
    """
    parties = Party.objects.filter(q).values_list("order_key", flat=True)
    further = list(parties[: MOST_LISTED + 1])
    if further:
        q |= Q(order_key__in=further if len(further) <= MOST_LISTED else parties)
    return q


def _account(comparison: Comparison, values: Values) -> Truth:
    if comparison.op == "prefix":
        return _present("account_number", _begins("account_number", comparison, values))
    q = _renumbered("account", lambda numbers: Q(account_number__in=numbers), comparison, values)
    return _present("account_number", q)


def _external_id(comparison: Comparison, values: Values) -> Truth:
    truth = column_truth("external_id", comparison, str)
    if comparison.op == "prefix":
        _note_broad("external_id", truth.true, values)
    return truth


def _language(comparison: Comparison, values: Values) -> Truth:
    return _present("language", column_truth("language", comparison, str).true)


def _record(comparison: Comparison, values: Values) -> Truth:
    return _sure(reduce(or_, (_one_record(value, comparison) for value in comparison.values)))


def _one_record(value: str, comparison: Comparison) -> Q:
    found = _RECORD.fullmatch(value)
    if found is None:
        message = _('"%(value)s" is no record number. Write it like V-12-340.')
        raise QueryError(message % {"value": value[:40]}, *comparison.span)
    return Q(load_id=int(found.group(1)), load_position=int(found.group(2)))


def _load(comparison: Comparison, values: Values) -> Truth:
    numbers: list[int] = []
    for value in comparison.values:
        found = _LOAD.fullmatch(value)
        if found is None:
            message = _('"%(value)s" is no load. Write it like L-12.')
            raise QueryError(message % {"value": value[:40]}, *comparison.span)
        numbers.append(int(found.group(1)))
    return _sure(_one_or_in("load_id", numbers))


def _batch(comparison: Comparison, values: Values) -> Truth:
    ids = list(Batch.objects.filter(key__in=comparison.values).values_list("pk", flat=True)) or _NONE
    return Truth(Q(batch_id__in=ids), Q(batch__isnull=False) & ~Q(batch_id__in=ids))


def _issued(comparison: Comparison, values: Values) -> Truth:
    ranges = [Q(order_key__gte=first_key(first), order_key__lte=last_key(last)) for first, last in days_of(comparison)]
    return _sure(reduce(or_, ranges))


def _archived(comparison: Comparison, values: Values) -> Truth:
    """Answer for days in the zone of each unit (model.md §1): an instant is on other days in other units."""
    days = days_of(comparison)
    zones: dict[str, list[int]] = {}
    for unit_id, zone in BusinessUnit.objects.values_list("pk", "time_zone"):
        zones.setdefault(zone, []).append(unit_id)
    if len(zones) <= 1:
        return _sure(_instants(days, next(iter(zones), settings.DISPLAY_TIME_ZONE)))
    return _sure(reduce(or_, (Q(unit_id__in=units) & _instants(days, zone) for zone, units in zones.items())))


def _instants(days: list[Days], zone: str) -> Q:
    """Return the condition on `archived_at` for ranges of days in a zone."""
    midnight, where = datetime.time.min, ZoneInfo(zone)
    ranges: list[Q] = []
    for first, last in days:
        q = Q()
        if first.year > 1:
            q &= Q(archived_at__gte=datetime.datetime.combine(first, midnight, where))
        if last.year < 2870:
            q &= Q(archived_at__lt=datetime.datetime.combine(last + datetime.timedelta(days=1), midnight, where))
        ranges.append(q)
    return reduce(or_, ranges)


def _channel(comparison: Comparison, values: Values) -> Truth:
    mask = 0
    for value in comparison.values:
        if value not in Channel.values:
            _unknown(value, Channel.values, comparison, _("channel"))
        mask |= Channel(value).bit
    combined = [bits for bits in range(1 << len(Channel.values)) if bits & mask]
    return _sure(Q(channels__in=combined))


def _state(comparison: Comparison, values: Values) -> Truth:
    for value in comparison.values:
        if value not in Communication.State.values:
            _unknown(value, Communication.State.values, comparison, _("state"))
    wanted = comparison.values
    return _sure(Q(state=wanted[0]) if len(wanted) == 1 else Q(state__in=wanted))


def _restricted(comparison: Comparison, values: Values) -> Truth:
    words = {"yes": True, "no": False}
    for value in comparison.values:
        if value not in words:
            _unknown(value, words, comparison, _("answer"))
    # Written as one value, so that the partial index of the restricted ones can answer.
    wanted = {words[value] for value in comparison.values}
    return _sure(Q(restricted=wanted.pop()) if len(wanted) == 1 else Q(restricted__in=wanted))


# Parties


def _name(comparison: Comparison, values: Values) -> Truth:
    return _sure(reduce(or_, (_one_name(value, comparison) for value in comparison.values)))


def _one_name(value: str, comparison: Comparison) -> Q:
    found = name_tokens(value)
    if not found:
        raise QueryError(_("A name needs at least one letter."), *comparison.span)
    *whole, last = found
    wanted = [_has_token(token) for token in whole]
    wanted.append(_has_token(last, prefix=comparison.op == "prefix"))
    return reduce(and_, wanted)


def _postcode(comparison: Comparison, values: Values) -> Truth:
    found = [token for value in comparison.values for token in postcode_tokens(value)]
    if not found:
        raise QueryError(_("A postcode needs at least one letter or digit."), *comparison.span)
    return _sure(reduce(or_, (_has_token(token, prefix=comparison.op == "prefix") for token in found)))


def _has_token(token: str, *, prefix: bool = False) -> Q:
    """Return the condition that one of a communication's parties has a token, or one that begins like it.

    A few communications are listed, and the query walks only them. Many are looked up for each candidate of the other
    conditions: as a subquery, every "Müller" of a country would be gathered before the first row comes.
    """
    end = token + "\U0010ffff"
    rows = PersonToken.objects.filter(token__gte=token, token__lt=end) if prefix else _with_tokens([token])
    few = set(rows.values_list("order_key", flat=True)[: MOST_LISTED + 1])
    if len(few) <= MOST_LISTED:
        return Q(order_key__in=few or _NONE)
    tokens = _tokens_between(token, end) if prefix else [token]
    if tokens is None:
        return Q(order_key__in=rows.values_list("order_key", flat=True))
    return Q(models.Exists(_with_tokens(tokens).filter(order_key=models.OuterRef("order_key"))))


def _with_tokens(tokens: list[str]) -> models.QuerySet[PersonToken]:
    return PersonToken.objects.filter(token__in=tokens)


def _tokens_between(low: str, end: str) -> list[str] | None:
    """Return the different tokens of a range, each found by one step into the index; None where they are many."""
    found: list[str] = []
    while len(found) <= MOST_TOKENS:
        rows = PersonToken.objects.filter(token__gte=low, token__lt=end).order_by("token")
        token = rows.values_list("token", flat=True).first()
        if token is None:
            return found
        found.append(token)
        low = token + "\x00"
    return None


# Index fields, by key


@remembered(lambda: None)
def _index_fields() -> dict[str, Field]:
    versions = ClassVersion.objects.filter(version=F("document_class__current"))
    classes: dict[str, list[int]] = {}
    for class_id, fields in versions.values_list("document_class_id", "fields"):
        for entry in fields:
            classes.setdefault(entry["key"], []).append(class_id)
    rows = IndexField.objects.filter(retired_at__isnull=True).exclude(slot="", multiple=False)
    return {row.key: _index_field(row, classes.get(row.key, [])) for row in rows}


def _index_field(row: IndexField, class_ids: list[int]) -> Field:
    ops = _TEXT | {"any"} if row.type == IndexField.Type.TEXT else RANGES | _IN | {"any"}
    example = {"text": f"{row.key}:012", "number": f"{row.key}:>1000", "date": f"{row.key}:2026-01..2026-06"}[row.type]
    return Field(
        row.key, row.label, frozenset(ops), _index_truth(row, class_ids), stable=True, finds_few=True, example=example
    )


def _index_truth(row: IndexField, class_ids: list[int]) -> Callable[[Comparison, Values], Truth]:
    lacks = ~Q(document_class_id__in=class_ids)

    def truth(comparison: Comparison, values: Values) -> Truth:
        if row.multiple:
            return _multiple(row, comparison, lacks)
        if row.type == IndexField.Type.DATE and comparison.op != "any":
            return _date_slot(row.slot, comparison, lacks)
        convert = fold if row.type == IndexField.Type.TEXT else _number(comparison)
        return column_truth(row.slot, comparison, convert, lacks)

    return truth


def _number(comparison: Comparison) -> Callable[[str], int]:
    def convert(value: str) -> int:
        try:
            return encode_number(value)
        except SlotValueError as error:
            raise QueryError(str(error), *comparison.span) from None

    return convert


def _date_slot(slot: str, comparison: Comparison, lacks: Q) -> Truth:
    ranges = [Q(**{f"{slot}__gte": first, f"{slot}__lte": last}) for first, last in days_of(comparison)]
    true = reduce(or_, ranges)
    return Truth(true, Q(**{f"{slot}__isnull": False}) & ~true, lacks)


def _multiple(row: IndexField, comparison: Comparison, lacks: Q) -> Truth:
    held = MultipleValue.objects.filter(field_id=row.pk)
    has = Q(order_key__in=held.values_list("order_key", flat=True))
    if comparison.op == "any":
        return Truth(has, ~has & ~lacks, lacks)
    if comparison.op == "prefix":
        low = fold(comparison.values[0])
        matching = held.filter(value__gte=low, value__lt=low + "\U0010ffff")
    else:
        matching = held.filter(value__in=[fold(value) for value in comparison.values])
    true = Q(order_key__in=matching.values_list("order_key", flat=True))
    return Truth(true, has & ~true, lacks)


def is_record_number(text: str) -> bool:
    """Tell whether a bare word has the form of a record number, such as V-12-340."""
    return _RECORD.fullmatch(text) is not None


def bare_word(text: str, values: Values) -> Q | None:
    """Return what an agent means who types only an id: a record, or an account, customer or reference.

    Shapes: None for what has neither digit nor a form of ours: names and words need their field.
    """
    if is_record_number(text):
        return _one_record(text, Comparison("record", "in", (text,)))
    if not any(char.isdigit() for char in text):
        return None
    as_account = _account(Comparison("account", "in", (text,)), values).true
    as_customer = _customer(Comparison("customer", "in", (text,)), values).true
    return as_account | as_customer | Q(external_id=text)
