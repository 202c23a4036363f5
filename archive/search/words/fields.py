"""The fields of the query language that look for words: in subjects, or in the documents alone."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.query import Comparison, Field, QueryError, Values, registry
from archive.query.fields import Truth


def register_fields() -> None:
    """Name the fields, at start-up."""
    for name, label, example in (
        ("subject", gettext_lazy("Words in the subject"), 'subject:"late fee"'),
        ("text", gettext_lazy("Words in the documents"), "text:spring*"),
    ):
        registry.add(Field(name, label, frozenset({"in", "prefix"}), _no_rows, finds_few=True, example=example))


def _no_rows(comparison: Comparison, values: Values) -> Truth:
    """Refuse to become a condition on rows: searches ask the word index, and nothing else may ask for words.

    Errors: QueryError, always.
    """
    message = _('"%(name)s" (character %(place)s) looks for words, which only a search can.')
    raise QueryError(message % {"name": comparison.field, "place": comparison.span[0] + 1}, *comparison.span)
