"""Search forms as saved objects: what an agent fills in becomes the query of the box, and a query fills the form again.

A definition names fields of the query language with an operator each; what a form cannot show is carried along as text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.documents.dates import FIRST_DAY, LAST_DAY, days_of
from archive.documents.models import DocumentClass, IndexField
from archive.documents.selectors import index_fields
from archive.query import And, Comparison, Everything, Field, Node, Not, Or, Phrase, QueryError, Word, parse, registry
from archive.query.fields import RANGES
from archive.query.text import to_text
from archive.query.tree import all_of, conditions
from archive.search.models import SearchForm
from archive.search.words.terms import COLUMNS, terms_of

WORDS = "words"
IS, BEGINS, CONTAINS, BETWEEN, ANY = "is", "begins", "contains", "between", "any"
OPERATORS = (IS, BEGINS, CONTAINS, BETWEEN, ANY)
_RELATIVE = re.compile(r"-(\d{1,3})([dmy])")
_DATES = frozenset({"issued", "archived"})


@dataclass(frozen=True, slots=True)
class Item:
    """One field of a form.

    Shapes: `field` is a name of the query language, or `words` for words anywhere; `default` for `between` is
    "from..to", where either may be relative: "-12m.." is the last twelve months.
    """

    field: str
    operator: str
    default: str = ""
    label: str = ""
    help: str = ""
    required: bool = False


def items_of(definition: Iterable[dict[str, Any]]) -> list[Item]:
    """Return the fields of a form's definition in order."""
    names = ("field", "operator", "default", "label", "help", "required")
    return [Item(**{name: entry[name] for name in names if name in entry}) for entry in definition]


def problems_of(definition: Sequence[dict[str, Any]], classes: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return what is wrong with a form's definition, in words for who configures it; empty when it can be used."""
    known = registry.all()
    problems: list[str] = []
    for number, item in enumerate(items_of(definition)):
        place = f"fields[{number}]"
        if item.field != WORDS and item.field not in known:
            problems.append(f'{place}: there is no field "{item.field}".')
        elif item.operator not in _operators_of(item.field, known):
            could = ", ".join(_operators_of(item.field, known))
            problems.append(f'{place}: "{item.field}" has no operator "{item.operator}". Use one of {could}.')
        elif item.operator == BETWEEN and item.default and ".." not in item.default:
            problems.append(f'{place}: the default "{item.default}" has no "..". Write it like -12m.. or 2026-01-01..')
    there = set(DocumentClass.objects.values_list("key", flat=True))
    problems += [f'no class is called "{key}".' for key in classes if key not in there]
    fields = index_fields()
    problems += [f'columns: no index field is called "{key}".' for key in columns if key not in fields]
    return problems


def _operators_of(name: str, known: dict[str, Field]) -> tuple[str, ...]:
    if name == WORDS or name in COLUMNS:
        return (CONTAINS,)
    field = known[name]
    found = [IS]
    if "prefix" in field.ops:
        found.append(BEGINS)
    if field.ops >= RANGES:
        found.append(BETWEEN)
    if field.choices:
        found.append(ANY)
    return tuple(found)


def list_forms(*, user: Any) -> list[SearchForm]:
    """Return the forms of a user's groups in their order."""
    return list(SearchForm.objects.filter(groups__user=user).distinct().order_by("position", "label"))


def get_form(key: str, *, user: Any) -> SearchForm:
    """Return a form of the user's groups. Errors: SearchForm.DoesNotExist, alike for absent and not for him."""
    return SearchForm.objects.filter(groups__user=user).distinct().get(key=key)


def columns_of_form(key: str, *, user: Any) -> list[str]:
    """Return the index fields that the list of a form shows; empty for no form, or one without columns."""
    row = SearchForm.objects.filter(key=key, groups__user=user).first() if key else None
    return list(row.columns) if row else []


class FilledForm(forms.Form):
    """A search form to be filled in. Fields that the user may not use are left out."""

    rest = forms.CharField(label=gettext_lazy("Other conditions"), required=False, max_length=9_000)

    def __init__(self, data: Any = None, *, definition: SearchForm, user: Any, tree: Node | None = None) -> None:
        self.definition = definition
        usable = registry.all(user)
        self.items = [item for item in items_of(definition.fields) if item.field == WORDS or item.field in usable]
        initial = _filled(self.items, definition.classes, tree) if tree is not None else _defaults(self.items)
        super().__init__(data, initial=initial)
        made: dict[str, forms.Field] = {}
        for number, item in enumerate(self.items):
            made |= _made(f"f{number}", item, usable.get(item.field))
        self.fields = {**made, "rest": self.fields["rest"]}
        if not self.is_bound and not initial.get("rest"):
            self.fields["rest"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin, and words that are none."""
        cleaned: dict[str, Any] = super().clean() or {}
        for number, item in enumerate(self.items):
            name = f"f{number}"
            if item.operator == BETWEEN:
                first, last = cleaned.get(f"{name}_from"), cleaned.get(f"{name}_to")
                if first and last and first > last:
                    self.add_error(f"{name}_to", _("This is before the first one. Exchange them."))
            elif item.operator == CONTAINS and cleaned.get(name):
                try:
                    words_node(item.field, str(cleaned[name]))
                except QueryError as error:
                    self.add_error(name, error.message)
        return cleaned

    def query_text(self) -> str:
        """Return the query that the form says. Errors: QueryError for what stands in `rest`."""
        nodes = [node for number, item in enumerate(self.items) for node in self._nodes(f"f{number}", item)]
        named = {node.field for node in nodes if isinstance(node, Comparison)}
        if self.definition.classes and "class" not in named:
            nodes.append(Comparison("class", "in", tuple(self.definition.classes)))
        rest = parse(str(self.cleaned_data.get("rest", "")))
        return to_text(all_of((*nodes, rest)))

    def _nodes(self, name: str, item: Item) -> list[Node]:
        data = self.cleaned_data
        if item.operator == BETWEEN:
            first, last = data.get(f"{name}_from"), data.get(f"{name}_to")
            if not first and not last:
                return []
            return [Comparison(item.field, "range", (_written(first), _written(last)))]
        if item.operator == ANY:
            return [Comparison(item.field, "in", tuple(data[name]))] if data.get(name) else []
        value = str(data.get(name, "") or "").strip()
        if not value:
            return []
        if item.operator == CONTAINS:
            return list(conditions(words_node(item.field, value)))
        begins = item.operator == BEGINS or value.endswith("*")
        return [Comparison(item.field, "prefix" if begins else "in", (value.rstrip("*"),))]


def words_node(field: str, text: str) -> Node:
    """Return what a field of words asks for: words and phrases, joined as in the box.

    Errors: QueryError for what is neither, such as a lone quote or a condition.
    """
    node = parse(text)
    for leaf in _leaves(node):
        if not isinstance(leaf, Word | Phrase):
            raise QueryError(_("Write words, or a phrase in quotes; conditions have fields of their own."))
        terms_of(leaf)
    return node if field == WORDS else _within(node, field)


def _leaves(node: Node) -> Iterable[Node]:
    if isinstance(node, And | Or):
        for child in node.children:
            yield from _leaves(child)
    elif isinstance(node, Not):
        yield from _leaves(node.child)
    elif not isinstance(node, Everything):
        yield node


def _within(node: Node, field: str) -> Node:
    """Return words as words of one field."""
    if isinstance(node, And):
        return And(tuple(_within(child, field) for child in node.children))
    if isinstance(node, Or):
        return Or(tuple(_within(child, field) for child in node.children))
    if isinstance(node, Not):
        return Not(_within(node.child, field))
    if isinstance(node, Word | Phrase):
        return Comparison(field, "prefix" if isinstance(node, Word) and node.prefix else "in", (node.text,))
    return node


# Django's fields


def _made(name: str, item: Item, field: Field | None) -> dict[str, forms.Field]:
    label = item.label or (str(field.label) if field else _("Words"))
    told: dict[str, Any] = {"label": label, "help_text": item.help, "required": item.required}
    if item.operator == BETWEEN:
        return {
            f"{name}_from": _end(item, label=_("%(what)s from") % {"what": label}, help_text=item.help),
            f"{name}_to": _end(item, label=_("%(what)s to") % {"what": label}, help_text=""),
        }
    if item.operator == ANY and field is not None and field.choices:
        choices = list(field.choices())
        return {name: forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **told)}
    widget = forms.TextInput(attrs={"data-suggest": item.field} if item.field in SUGGESTED else {})
    return {name: forms.CharField(max_length=300, widget=widget, **told)}


SUGGESTED = frozenset({"customer", "account", "name"})


def _end(item: Item, **told: Any) -> forms.Field:
    if _is_date(item.field):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(required=False, widget=widget, **told)
    return forms.DecimalField(required=False, max_digits=18, decimal_places=4, **told)


def _is_date(field: str) -> bool:
    known = index_fields().get(field)
    return field in _DATES or (known is not None and known.type == IndexField.Type.DATE)


def _written(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _defaults(items: Sequence[Item]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, item in enumerate(items):
        name = f"f{number}"
        if item.operator == BETWEEN:
            first, _dots, last = item.default.partition("..")
            values[f"{name}_from"], values[f"{name}_to"] = _day_or_text(first), _day_or_text(last)
        elif item.operator == ANY:
            values[name] = [part for part in item.default.split(",") if part]
        else:
            values[name] = item.default
    return values


def _day_or_text(text: str) -> str:
    """Return a relative day as a day of the calendar; anything else as it is."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return text
    number, unit, today = int(found.group(1)), found.group(2), timezone.localdate()
    if unit == "d":
        return (today - datetime.timedelta(days=number)).isoformat()
    months = today.year * 12 + today.month - 1 - number * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    for day in range(today.day, 27, -1):
        try:
            return datetime.date(year, month + 1, day).isoformat()
        except ValueError:
            continue
    return datetime.date(year, month + 1, min(today.day, 28)).isoformat()


# From a query to a form


def _filled(items: Sequence[Item], classes: Sequence[str], tree: Node) -> dict[str, Any]:
    """Return what a form shows of a query; conditions that it has no field for go to `rest`."""
    values: dict[str, Any] = {}
    rest: list[Node] = []
    for node in conditions(tree):
        if isinstance(node, Comparison) and node.field == "class" and set(node.values) == set(classes):
            continue
        if not any(_fill(f"f{number}", item, node, values) for number, item in enumerate(items)):
            rest.append(node)
    values["rest"] = to_text(all_of(tuple(rest))) if rest else ""
    return values


def _fill(name: str, item: Item, node: Node, values: dict[str, Any]) -> bool:
    """Put a condition into a field, where it fits there; tell whether it did."""
    if item.operator == CONTAINS:
        return _fill_words(name, item, node, values)
    if not isinstance(node, Comparison) or node.field != item.field:
        return False
    if item.operator == BETWEEN:
        return _fill_ends(name, item, node, values)
    if name in values:
        return False
    if item.operator == ANY and node.op == "in":
        values[name] = list(node.values)
        return True
    if len(node.values) == 1 and node.op in ("in", "prefix") and not (item.operator == BEGINS and node.op == "in"):
        star = "*" if node.op == "prefix" and item.operator == IS else ""
        values[name] = node.values[0] + star
        return True
    return False


def _fill_words(name: str, item: Item, node: Node, values: dict[str, Any]) -> bool:
    if item.field != WORDS:
        if not isinstance(node, Comparison) or node.field != item.field or node.op not in ("in", "prefix"):
            return False
        if len(node.values) != 1:
            return False
        told = Word(node.values[0], node.op == "prefix") if node.op == "prefix" else Phrase(node.values[0])
        node = told if " " in node.values[0] or node.op == "prefix" else Word(node.values[0])
    elif not all(isinstance(leaf, Word | Phrase) for leaf in _leaves(node)):
        return False
    text = to_text(node)
    text = f"({text})" if isinstance(node, Or) and values.get(name) else text
    values[name] = f"{values[name]} {text}" if values.get(name) else text
    return True


def _fill_ends(name: str, item: Item, node: Comparison, values: dict[str, Any]) -> bool:
    if f"{name}_from" in values:
        return False
    if _is_date(item.field):
        try:
            ranges = days_of(node)
        except QueryError:
            return False
        if len(ranges) != 1:
            return False
        first, last = ranges[0]
        values[f"{name}_from"] = first.isoformat() if first > FIRST_DAY else ""
        values[f"{name}_to"] = last.isoformat() if last < LAST_DAY else ""
        return True
    if node.op == "range":
        values[f"{name}_from"], values[f"{name}_to"] = node.values
        return True
    return False
