"""Give out the numbers of order keys in blocks: one short transaction for thousands of communications."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from archive.documents.models import OrderKeyBlock

BLOCK_SIZE = 10_000


def allocate_numbers(count: int = BLOCK_SIZE) -> range:
    """Reserve `count` numbers that nobody else will get; numbers of a load that broke off stay unused."""
    with transaction.atomic():
        if not OrderKeyBlock.objects.filter(pk=1).update(next_number=F("next_number") + count):
            OrderKeyBlock.objects.create(pk=1, next_number=1 + count)
        end = OrderKeyBlock.objects.values_list("next_number", flat=True).get(pk=1)
    return range(end - count, end)


class NumberAllocator:
    """Hands out single numbers from blocks of its own."""

    def __init__(self, block_size: int = BLOCK_SIZE) -> None:
        self._block_size = block_size
        self._numbers = iter(range(0))

    def take(self) -> int:
        """Return the next number."""
        number = next(self._numbers, None)
        if number is None:
            self._numbers = iter(allocate_numbers(self._block_size))
            number = next(self._numbers)
        return number
