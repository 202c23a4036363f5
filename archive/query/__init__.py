"""The query language: text → tree → canonical text, a registry of fields, and tree → Q in one place."""

from archive.query.errors import QueryError
from archive.query.fields import Field, Registry, Values, registry
from archive.query.parse import parse
from archive.query.text import to_text
from archive.query.tree import And, Comparison, Everything, Node, Not, Or, Phrase, Word

__all__ = [
    "And",
    "Comparison",
    "Everything",
    "Field",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "QueryError",
    "Registry",
    "Values",
    "Word",
    "parse",
    "registry",
    "to_text",
]
