"""Access rules as people say them: labels of fields, units and classes instead of query text."""

from __future__ import annotations

from django.utils.translation import gettext as _

from archive.documents.shown import day_shown
from archive.query import Comparison, Everything, Node, registry, to_text
from archive.query.tree import And, Not, Or


class Wording:
    """Says rules in words; fields and choices are read once for all of them."""

    def __init__(self) -> None:
        self._fields = registry.all()
        self._labels: dict[str, dict[str, str]] = {}

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
        labels = self._labels_of(node.field)
        # Only days and numbers have ranges, and no number reads as a day.
        shown = [day_shown(value) if "range" in field.ops else labels.get(value, value) for value in node.values]
        return _said(node.op, str(field.label), shown)

    def _labels_of(self, name: str) -> dict[str, str]:
        if name not in self._labels:
            choices = self._fields[name].choices
            self._labels[name] = dict(choices()) if choices else {}
        return self._labels[name]


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
