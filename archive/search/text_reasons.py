"""Why a document's words are not, or only in part, in the index: said to people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.formats import extracted
from archive.search.indexing import DAMAGED
from archive.search.words.writer import IN_PART

_WORDS: dict[str, str | Promise] = {
    extracted.SCAN: _("Its pages are pictures without a text layer. Find it by account, date or index field."),
    extracted.NO_WORDS: _("It holds neither letters nor digits."),
    extracted.KIND: _("This format has no text that could be read. Find it by account, date or index field."),
    extracted.ENCRYPTED: _("It has a password."),
    extracted.BROKEN: _("The file is broken."),
    extracted.TOO_LARGE: _("It is too large, or needs too much memory."),
    extracted.TOO_SLOW: _("Reading it took too long."),
    extracted.DIED: _("The process that read it broke off."),
    DAMAGED: _("Its stored bytes failed their check."),
    IN_PART: _("Only its first part is indexed; the rest is beyond the limits."),
}


def reason_words(reason: str) -> str | Promise:
    """Return a reason as a sentence; an unknown one as it is."""
    return _WORDS.get(reason, reason)
