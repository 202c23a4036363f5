"""What the home page shows to whom: the last records of those who read, the loads of those who run them."""

from __future__ import annotations

from typing import Any


def home_cards(user: Any) -> dict[str, Any]:
    """Return the parts of the home page; a part that a user may not see is absent."""
    return {}
