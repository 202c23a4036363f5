"""What can follow while somebody types: customers, accounts and names that stand in something he may see.

It walks an index from one value to the next and asks for each whether the newest of it may be seen; it counts nothing,
and gives up after some values, so that what may not be seen shows neither as a suggestion nor as a number.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from archive.documents.access import visible_q
from archive.documents.models import Communication, Party, Person, PersonToken
from archive.documents.plans import BROAD, only_filtering
from archive.documents.selectors import PARTIES_PERMISSION
from archive.documents.text import name_tokens
from archive.query.grammar import MARKS

MOST_SHOWN = 8
MOST_LOOKED_AT = 200
LONGEST_SECONDS = 0.05
SHORTEST, LONGEST = 2, 100
FIELDS = ("customer", "account", "name")
_END = "\U0010ffff"
_SOURCES: dict[str, tuple[tuple[type[Model], str], ...]] = {
    "customer": ((Communication, "customer_id"), (Party, "customer_id")),
    "account": ((Communication, "account_number"),),
}
_NEWEST_OF_A_VALUE = 200
_NEWEST_OF_A_WORD = 2_000
_KEYS_OF_A_WORD = 60
Value = TypeVar("Value")
_WITHOUT_MARKS = dict.fromkeys(map(ord, MARKS))


def suggest(field: str, beginning: str, *, user: Any) -> list[str]:
    """Return at most eight values of a field that begin as typed, of what the user may see.

    Shapes: empty for fewer than two characters and more than 100, for fields without suggestions, and where nothing
    is found soon. A value of which only an old communication may be seen, among many others, is not suggested.
    """
    text = beginning.translate(_WITHOUT_MARKS).strip()
    if not SHORTEST <= len(text) <= LONGEST or any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        return []
    if field == "name":
        return _names(text, user) if user.has_perm(PARTIES_PERMISSION) else []
    return _values(field, text, user) if field in _SOURCES else []


def _values(field: str, text: str, user: Any) -> list[str]:
    seen = only_filtering(visible_q(user), BROAD)
    spellings = dict.fromkeys((text, text.upper(), text.lower()))
    met = chain.from_iterable(
        _following(model, column, spelling) for spelling in spellings for model, column in _SOURCES[field]
    )
    found: dict[str, None] = {}
    for value, rows in _soon(met):
        newest = rows.order_by("-order_key").values("order_key")[:_NEWEST_OF_A_VALUE]
        if value not in found and Communication.objects.filter(seen, order_key__in=newest).exists():
            found[value] = None
        if len(found) >= MOST_SHOWN:
            break
    return sorted(found)


def _following(model: type[Model], column: str, beginning: str) -> Iterator[tuple[str, QuerySet[Any]]]:
    """Yield the different values that begin so, each by one step into the index of the column, with its rows."""
    rows = model._default_manager.all()
    values = rows.order_by(column).values_list(column, flat=True)
    low, including = beginning, True
    while True:
        bound = {f"{column}__gte" if including else f"{column}__gt": low}
        value = values.filter(**bound, **{f"{column}__lt": beginning + _END}).first()
        if value is None:
            return
        yield value, rows.filter(**{column: value})
        low, including = value, False


def _names(text: str, user: Any) -> list[str]:
    """Return names that begin so in one of their words and have the words before it, as they are written."""
    tokens = name_tokens(text)
    if not tokens:
        return []
    seen = only_filtering(visible_q(user), BROAD)
    *whole, last = tokens
    found: dict[str, None] = {}
    for token in _soon(_tokens(last)):
        here = Communication.objects.filter(seen, order_key__in=_newest_with(token, whole))
        for name in _written(set(here.values_list("order_key", flat=True)), {*whole, token}):
            found.setdefault(name)
            if len(found) >= MOST_SHOWN:
                return list(found)
    return list(found)


def _newest_with(token: str, others: Iterable[str]) -> list[int]:
    """Return the newest communications with a word of a name and others; with others, of the newest that have it."""
    rows = PersonToken.objects.filter(token=token).order_by("-order_key")
    newest = rows.values("order_key")[:_NEWEST_OF_A_WORD]
    for other in others:
        has = Exists(PersonToken.objects.filter(token=other, order_key=OuterRef("order_key")))
        rows = rows.filter(has, order_key__in=newest)
    return list(rows.values_list("order_key", flat=True)[:_KEYS_OF_A_WORD])


def _tokens(beginning: str) -> Iterator[str]:
    rows = PersonToken.objects.order_by("token").values_list("token", flat=True)
    low = beginning
    while True:
        value = rows.filter(token__gte=low, token__lt=beginning + _END).first()
        if value is None:
            return
        yield value
        low = value + "\x00"


def _written(visible: set[int], wanted: set[str]) -> Iterator[str]:
    names = Person.objects.filter(order_key__in=visible).exclude(name="").order_by("-order_key", "number")
    for name in names.values_list("name", flat=True):
        if wanted <= set(name_tokens(name)):
            yield name


def _soon(values: Iterable[Value], clock: Callable[[], float] = time.monotonic) -> Iterator[Value]:
    """Yield values until enough were looked at, or the time is over."""
    until = clock() + LONGEST_SECONDS
    for number, value in enumerate(values):
        if number >= MOST_LOOKED_AT or clock() > until:
            return
        yield value
