"""Access rules as people say them: labels of fields, units and classes instead of query text."""

from __future__ import annotations

from django.utils.translation import gettext as _

from archive.documents.shown import day_shown
from archive.query import Comparison, Everything, Field, Node, registry, to_text
from archive.query.tree import And, Not, Or


class Wording:
    """Says rules in words; fields are read once for all of them."""

    def __init__(self) -> None:
        self._fields = registry.all()

    def of(self, tree: Node) -> str:
        """Return which communications a rule means, to stand after "you see"."""
        if isinstance(tree, Everything):
            return _("all communications")
        return _("communications where %(conditions)s") % {"conditions": self._node(tree)}

    def _node(self, node: Node, *, inside: bool = False) -> str:
        if isinstance(node, And | Or):
            joint = _(" and ") if isinstance(node, And) else _(" or ")
            words = joint.join(self._node(child, inside=True) for child in node.children)
            return f"({words})" if inside else words
        if isinstance(node, Not):
            return _("not (%(conditions)s)") % {"conditions": self._node(node.child)}
        return self._comparison(node) if isinstance(node, Comparison) else to_text(node)

    def _comparison(self, node: Comparison) -> str:
        field = self._fields.get(node.field)
        if field is None:  # a rule outlives a field that was retired
            return to_text(node)
        return _said(node.op, str(field.label), values_shown(node, field))


def values_shown(node: Comparison, field: Field) -> list[str]:
    """Return the values of a comparison as people read them: labels of choices, days as days."""
    if "range" in field.ops:  # only days and numbers have ranges, and no number reads as a day
        return [day_shown(value) for value in node.values]
    labels = dict(field.choices()) if field.choices else {}
    return [labels.get(value, value) for value in node.values]


def _said(op: str, field: str, values: list[str]) -> str:
    if op == "any":
        return _("%(field)s has a value") % {"field": field}
    if op == "range":
        return _range(field, *values)
    sentence = {
        "in": _("%(field)s is %(value)s"),
        "prefix": _("%(field)s begins with %(value)s"),
        "<": _("%(field)s is below %(value)s"),
        "<=": _("%(field)s is at most %(value)s"),
        ">": _("%(field)s is above %(value)s"),
        ">=": _("%(field)s is at least %(value)s"),
    }[op]
    return sentence % {"field": field, "value": _(" or ").join(values)}


def _range(field: str, first: str, last: str) -> str:
    if not first:
        return _("%(field)s is at most %(value)s") % {"field": field, "value": last}
    if not last:
        return _("%(field)s is at least %(value)s") % {"field": field, "value": first}
    return _("%(field)s is from %(first)s to %(last)s") % {"field": field, "first": first, "last": last}
