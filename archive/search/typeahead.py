"""What can follow while somebody types: customers, accounts and names that stand in something he may see.

It walks an index from one value to the next and asks for each whether anything of it may be seen; it counts nothing,
and gives up after some values, so that what may not be seen shows neither as a suggestion nor as a number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from archive.documents.access import visible_q
from archive.documents.models import Communication, Person, PersonToken
from archive.documents.plans import BROAD, only_filtering
from archive.documents.selectors import PARTIES_PERMISSION
from archive.documents.text import name_tokens

MOST_SHOWN = 8
MOST_LOOKED_AT = 200
LONGEST_SECONDS = 0.05
SHORTEST = 2
_END = "\U0010ffff"
_COLUMNS = {"customer": "customer_id", "account": "account_number"}
_KEYS_OF_A_WORD = 60
FIELDS = (*_COLUMNS, "name")


def suggest(field: str, beginning: str, *, user: Any) -> list[str]:
    """Return at most eight values of a field that begin as typed, of what the user may see.

    Shapes: empty for fewer than two characters, for fields without suggestions, and where nothing is found soon.
    """
    text = beginning.strip()
    if len(text) < SHORTEST or field not in FIELDS:
        return []
    if field == "name":
        return _names(text, user) if user.has_perm(PARTIES_PERMISSION) else []
    return _values(_COLUMNS[field], text, user)


def _values(column: str, text: str, user: Any) -> list[str]:
    seen = only_filtering(visible_q(user), BROAD)
    found: list[str] = []
    for spelling in dict.fromkeys((text, text.upper(), text.lower())):
        for value in _soon(_following(column, spelling)):
            if Communication.objects.filter(seen, **{column: value}).exists():
                found.append(value)
            if len(found) >= MOST_SHOWN:
                return found
    return found


def _following(column: str, beginning: str) -> Iterator[str]:
    """Yield the different values that begin so, each by one step into the index of the column."""
    rows = Communication.objects.order_by(column).values_list(column, flat=True)
    low, including = beginning, True
    while True:
        bound = {f"{column}__gte" if including else f"{column}__gt": low}
        value = rows.filter(**bound, **{f"{column}__lt": beginning + _END}).first()
        if value is None:
            return
        yield value
        low, including = value, False


def _names(text: str, user: Any) -> list[str]:
    """Return names that begin so in one of their words, as they are written."""
    tokens = name_tokens(text)
    if not tokens:
        return []
    seen = only_filtering(visible_q(user), BROAD)
    *whole, last = tokens
    found: dict[str, None] = {}
    for token in _soon(_tokens(last)):
        keys = PersonToken.objects.filter(token=token).order_by("-order_key").values_list("order_key", flat=True)
        here = Communication.objects.filter(seen, order_key__in=list(keys[:_KEYS_OF_A_WORD]))
        visible = set(here.values_list("order_key", flat=True))
        for name in _written(visible, [*whole, token]):
            found.setdefault(name)
            if len(found) >= MOST_SHOWN:
                return list(found)
    return list(found)


def _tokens(beginning: str) -> Iterator[str]:
    rows = PersonToken.objects.order_by("token").values_list("token", flat=True)
    low = beginning
    while True:
        value = rows.filter(token__gte=low, token__lt=beginning + _END).first()
        if value is None:
            return
        yield value
        low = value + "\x00"


def _written(visible: set[int], wanted: list[str]) -> Iterator[str]:
    persons = Person.objects.filter(order_key__in=visible).exclude(name="").order_by("-order_key")
    for person in persons:
        if set(wanted) <= set(name_tokens(person.name)):
            yield person.name


def _soon(values: Iterator[str], clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Yield values until enough were looked at, or the time is over."""
    until = clock() + LONGEST_SECONDS
    for number, value in enumerate(values):
        if number >= MOST_LOOKED_AT or clock() > until:
            return
        yield value
