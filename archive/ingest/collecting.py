"""Python's search for cycles, seldom: thousands of rows wait for their packs, and each look walks them all."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

COLLECT_AFTER = 200_000
"""Objects made and not yet freed; without cycles, each is freed when its last user lets it go."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for cycles seldom while inside."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
