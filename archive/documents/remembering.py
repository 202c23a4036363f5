"""Remember within one request what configuration and rights say: a page asks for them a dozen times.

Nothing is remembered outside of a request, so background work and commands read anew each time, and the next request
sees every change of a right (requirements S-07).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_remembered: ContextVar[dict[Hashable, Any] | None] = ContextVar("remembered", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Remember until this ends; one in another begins anew."""
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def remembered(
    key: Callable[Parameters, Hashable],
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Remember what a function answers, by a key of its arguments; whoever gets it must not change it."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        name = f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def answer(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            known = _remembered.get()
            if known is None:
                return function(*args, **kwargs)
            place = (name, key(*args, **kwargs))
            if place not in known:
                known[place] = function(*args, **kwargs)
            return known[place]  # type: ignore[no-any-return]

        return answer

    return decorate
