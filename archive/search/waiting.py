"""What the word index has not got yet: the records of each load from the position on that is not done."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

from django.db.models import Q

from archive.batches.models import Load
from archive.documents.models import Communication, LateVariant, Variant
from archive.query.fields import NOTHING
from archive.search.words.database import reader


def waiting_places(done: Mapping[int, int]) -> dict[int, int]:
    """Return by load the position of the first record that waits, in order of loads; empty when nothing waits.

    Shapes: `done` is how far an index has come, by load.
    """
    committed = Load.objects.filter(next_record__gt=0).order_by("pk").values_list("pk", "next_record")
    return {load_id: done.get(load_id, 0) for load_id, upto in committed if done.get(load_id, 0) < upto}


def waiting_q() -> Q:
    """Return the condition on communications of which some text is not looked at yet; NOTHING when nothing waits.

    Errors: IndexDownError.
    """
    places = waiting_places(reader().progress())
    if not places:
        return NOTHING
    whole = [load_id for load_id, position in places.items() if position == 0]
    begun = [Q(load_id=load_id, load_position__gte=at) for load_id, at in places.items() if at > 0]
    waiting = reduce(or_, begun, Q(load_id__in=whole))
    return waiting | Q(order_key__in=LateVariant.objects.filter(waiting).values("order_key"))


def count_waiting_variants(done: Mapping[int, int]) -> int:
    """Return how many variants an index that has come so far has not looked at."""
    number = 0
    for load_id, at in waiting_places(done).items():
        keys = Communication.objects.filter(load_id=load_id, load_position__gte=at).values("order_key")
        number += Variant.objects.filter(order_key__in=keys, load_id=load_id).count()
        number += LateVariant.objects.filter(load_id=load_id, load_position__gte=at).count()
    return number
