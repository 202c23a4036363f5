"""What can be wrong with a load as a whole; what is wrong with a record is a `Problem`."""

from __future__ import annotations

from archive.batches.models import Load


class LoadError(Exception):
    """A load cannot be started or changed; the message says why and what to do."""


class UnknownProducerError(LoadError):
    """Nobody configured this producer."""

    def __init__(self, key: str) -> None:
        super().__init__(f'No producer is called "{key}". Add it by "manage.py configure", or name one that exists.')


class BadProducerKeyError(LoadError):
    """A producer's key is for ever, so it has to look like one."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f'"{key[:80]}" is no key of a producer. Use up to 60 small letters, digits, points, hyphens, underscores.'
        )


class LoadStateError(LoadError):
    """The load's state does not allow what was asked."""

    def __init__(self, load: Load) -> None:
        super().__init__(f"Load {load} is {load.get_state_display().lower()}; this cannot be done now.")


class StillEndingError(LoadError):
    """The process that had the load in hand has not put it down yet."""

    def __init__(self, load: Load) -> None:
        super().__init__(f"Load {load} is just ending its run. Try again in a moment.")


class SourceChangedError(LoadError):
    """What a load had read in part is not the same any more."""

    def __init__(self, load: Load) -> None:
        super().__init__(
            f"{load.source_name} has changed since load {load} began to read it. Load it anew: "
            "what is archived already makes no duplicate."
        )


class UnknownMappingError(LoadError):
    """Nobody saved this mapping."""

    def __init__(self, key: str) -> None:
        super().__init__(f'No mapping is called "{key}". Save it by "manage.py configure", or leave the mapping out.')
