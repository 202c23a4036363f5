"""Search forms as saved objects: what an agent fills in becomes the query of the box, and a query fills the form again.

A definition names fields of the query language with an operator each; what a form cannot show is carried along as text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
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
from archive.query.grammar import LONGEST_QUERY
from archive.query.text import to_text
from archive.query.tree import all_of, conditions
from archive.search.models import SearchForm
from archive.search.selectors import resolve
from archive.search.words.terms import COLUMNS, terms_of

WORDS = "words"
IS, BEGINS, CONTAINS, BETWEEN, ANY = "is", "begins", "contains", "between", "any"
OPERATORS = (IS, BEGINS, CONTAINS, BETWEEN, ANY)
_RELATIVE = re.compile(r"-(\d{1,3})([dmy])")
_DATES = frozenset({"issued", "archived"})
LONGEST_VALUE = 300
MOST_DIGITS, MOST_PLACES = 18, 4


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
        elif item.default:
            problems += [
                f"{place}: {problem}" for problem in _problems_of_default(item, known.get(item.field), classes)
            ]
    there = set(DocumentClass.objects.values_list("key", flat=True))
    problems += [f'no class is called "{key}".' for key in classes if key not in there]
    fields = index_fields()
    problems += [f'columns: no index field is called "{key}".' for key in columns if key not in fields]
    return problems


def _problems_of_default(item: Item, field: Field | None, classes: Sequence[str]) -> list[str]:
    default = item.default
    if item.operator == BETWEEN:
        first, dots, last = default.partition("..")
        if not dots:
            return [f'the default "{default}" has no "..". Write it like -12m.. or 2026-01-01..']
        wrong = [end for end in (first, last) if end and not _is_end(item.field, end)]
        kind = "day, such as 2026-01-31 or -12m" if _is_date(item.field) else "number, such as 12.50"
        return [f'the default "{default}" has "{end}", which is no {kind}.' for end in wrong]
    if item.operator == CONTAINS:
        try:
            words_node(item.field, default)
        except QueryError as error:
            return [f'the default "{default}" cannot be searched. {error.message}']
        return []
    choices = [key for key, _label in _choices_of(field, classes)]
    chosen = default.split(",") if item.operator == ANY else [default]
    unknown = [value for value in chosen if choices and value not in choices]
    return [f'the default "{value}" is none of {", ".join(choices)}.' for value in unknown]


def _is_end(field: str, text: str) -> bool:
    """Tell whether a default may begin or end a range of a field."""
    if not _is_date(field):
        return _is_number(text)
    try:
        datetime.date.fromisoformat(_day_or_text(text))
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    """Tell whether a text is a number as a field for numbers writes it."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    exponent = number.as_tuple().exponent
    return number.is_finite() and str(number) == text and isinstance(exponent, int) and -MOST_PLACES <= exponent <= 0


def _choices_of(field: Field | None, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return what may be chosen in a field, of the form's own classes only; empty where it is typed."""
    if field is None or field.choices is None:
        return []
    return [(key, label) for key, label in field.choices() if field.name != "class" or not classes or key in classes]


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

    rest = forms.CharField(label=gettext_lazy("Other conditions"), required=False, max_length=LONGEST_QUERY)

    def __init__(self, data: Any = None, *, definition: SearchForm, user: Any, tree: Node | None = None) -> None:
        self.definition = definition
        self.user = user
        usable = registry.all(user)
        self.items = [item for item in items_of(definition.fields) if item.field == WORDS or item.field in usable]
        self.choices = [_choices_of(usable.get(item.field), definition.classes) for item in self.items]
        initial = _Filling(self.items, self.choices).of(tree, definition.classes) if tree else _defaults(self.items)
        super().__init__(data, initial=initial)
        made: dict[str, forms.Field] = {}
        for number, (item, choices) in enumerate(zip(self.items, self.choices, strict=True)):
            made |= _made(f"f{number}", item, usable.get(item.field), choices)
        self.fields = {**made, "rest": self.fields["rest"]}
        if not (self.data.get("rest") if self.is_bound else initial.get("rest")):
            self.fields["rest"].widget = forms.HiddenInput()

    def groups(self) -> list[list[forms.BoundField]]:
        """Return the fields as a page shows them: both ends of a range together, any other alone."""
        groups: list[list[forms.BoundField]] = []
        for field in self:
            if field.name.endswith("_to"):
                groups[-1].append(field)
            else:
                groups.append([field])
        return groups

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin, words that are none, and a star with nothing before it."""
        cleaned: dict[str, Any] = super().clean() or {}
        for number, item in enumerate(self.items):
            name = f"f{number}"
            if item.operator == BETWEEN:
                self._check_ends(name, item)
            elif item.operator == CONTAINS and cleaned.get(name):
                try:
                    words_node(item.field, str(cleaned[name]))
                except QueryError as error:
                    self.add_error(name, error.message)
            elif isinstance(cleaned.get(name), str) and cleaned[name] and not cleaned[name].rstrip("*"):
                self.add_error(name, _("Write how it begins before the *, or leave the field empty."))
        return cleaned

    def _check_ends(self, name: str, item: Item) -> None:
        first, last = self.cleaned_data.get(f"{name}_from"), self.cleaned_data.get(f"{name}_to")
        if first is not None and last is not None and first > last:
            self.add_error(f"{name}_to", _("This is before the first one. Exchange them."))
        elif item.required and first is None and last is None and f"{name}_from" not in self.errors:
            self.add_error(f"{name}_from", _("Fill in one of both."))

    def query_text(self) -> str:
        """Return the query that the form says. Errors: QueryError for what stands in `rest`."""
        said = [node for number, item in enumerate(self.items) for node in self._nodes(f"f{number}", item)]
        nodes = [node for node in said if not _are_classes(node, self.definition.classes)]
        if self.definition.classes and not any(
            isinstance(node, Comparison) and node.field == "class" for node in nodes
        ):
            nodes.append(Comparison("class", "in", tuple(self.definition.classes)))
        rest = parse(str(self.cleaned_data.get("rest", "")))
        return to_text(all_of((*nodes, rest)))

    def put_error(self, error: QueryError) -> None:
        """Put what is wrong with the query to the field that says it; what none says stands on top."""
        said = [
            (f"f{number}_from" if item.operator == BETWEEN else f"f{number}", self._nodes(f"f{number}", item))
            for number, item in enumerate(self.items)
        ]
        texts = [(name, to_text(all_of(tuple(nodes)))) for name, nodes in said if nodes]
        for name, text in [*texts, ("rest", str(self.cleaned_data.get("rest", "")))]:
            try:
                resolve(text, user=self.user)
            except QueryError as own:
                self.add_error(name, own.message)
                return
        self.add_error(None, error.message)

    def _nodes(self, name: str, item: Item) -> list[Node]:
        data = self.cleaned_data
        if item.operator == BETWEEN:
            return _nodes_between(item, _written(data.get(f"{name}_from")), _written(data.get(f"{name}_to")))
        if item.operator == ANY:
            return [Comparison(item.field, "in", tuple(data[name]))] if data.get(name) else []
        return _nodes_typed(item, str(data.get(name, "") or ""))


def _are_classes(node: Node, classes: Sequence[str]) -> bool:
    """Tell whether a condition is the one that a form of these classes always has."""
    return isinstance(node, Comparison) and node.field == "class" and set(node.values) == set(classes)


def _nodes_between(item: Item, first: str, last: str) -> list[Node]:
    return [Comparison(item.field, "range", (first, last))] if first or last else []


def _nodes_typed(item: Item, text: str) -> list[Node]:
    """Return the conditions of a text as typed. Errors: QueryError for words that are none."""
    value = text.strip()
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


def _made(name: str, item: Item, field: Field | None, choices: list[tuple[str, str]]) -> dict[str, forms.Field]:
    label = item.label or (str(field.label) if field else _("Words"))
    told: dict[str, Any] = {"label": label, "help_text": item.help, "required": item.required}
    if item.operator == BETWEEN:
        return {
            f"{name}_from": _end(item, label=_("%(what)s from") % {"what": label}, help_text=item.help),
            f"{name}_to": _end(item, label=_("%(what)s to") % {"what": label}, help_text=""),
        }
    if item.operator == ANY:
        return {name: forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **told)}
    if choices:
        return {name: forms.ChoiceField(choices=[("", _("any")), *choices], **told)}
    widget = forms.TextInput(attrs={"data-suggest": item.field} if item.field in SUGGESTED else {})
    return {name: forms.CharField(max_length=LONGEST_VALUE, widget=widget, **told)}


SUGGESTED = frozenset({"customer", "account", "name"})


def _end(item: Item, **told: Any) -> forms.Field:
    if _is_date(item.field):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(required=False, widget=widget, **told)
    return forms.DecimalField(required=False, max_digits=MOST_DIGITS, decimal_places=MOST_PLACES, **told)


def _is_date(field: str) -> bool:
    known = index_fields().get(field)
    return field in _DATES or (known is not None and known.type == IndexField.Type.DATE)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime.date) else f"{value:f}"


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


class _Filling:
    """Puts the conditions of a query into the fields of a form: only where the field says that very condition again."""

    def __init__(self, items: Sequence[Item], choices: Sequence[list[tuple[str, str]]]) -> None:
        self._items = [
            (f"f{number}", item, {key for key, _label in choices[number]}) for number, item in enumerate(items)
        ]
        self._values: dict[str, Any] = {}

    def of(self, tree: Node, classes: Sequence[str]) -> dict[str, Any]:
        """Return what a form shows of a query; conditions that it has no field for go to `rest`."""
        rest: list[Node] = []
        for node in conditions(tree):
            if _are_classes(node, classes):
                continue
            if not any(self._put(name, item, keys, node) for name, item, keys in self._items):
                rest.append(node)
        return {**self._values, "rest": to_text(all_of(tuple(rest))) if rest else ""}

    def _put(self, name: str, item: Item, keys: set[str], node: Node) -> bool:
        """Put a condition into a field, where it fits there; tell whether it did."""
        if item.operator == CONTAINS:
            return self._put_words(name, item, node)
        if not isinstance(node, Comparison) or node.field != item.field:
            return False
        if item.operator == BETWEEN:
            return self._put_ends(name, item, node)
        if name in self._values or node.op not in ("in", "prefix"):
            return False
        if keys and not (node.op == "in" and set(node.values) <= keys):
            return False
        if item.operator == ANY:
            self._values[name] = list(node.values)
            return True
        text = node.values[0] + ("*" if node.op == "prefix" and item.operator == IS else "")
        return self._put_text(name, item, text, (node,))

    def _put_words(self, name: str, item: Item, node: Node) -> bool:
        bare = _bare(node, item.field)
        if bare is None:
            return False
        before = parse(self._values.get(name, ""))
        here = (_within(before, item.field) if item.field != WORDS else before, node)
        return self._put_text(name, item, to_text(all_of((before, bare))), conditions(all_of(here)))

    def _put_text(self, name: str, item: Item, text: str, nodes: tuple[Node, ...]) -> bool:
        if len(text) > LONGEST_VALUE or "\n" in text or "\r" in text:  # a field of one line drops what ends a line
            return False
        try:
            same = tuple(_nodes_typed(item, text)) == nodes
        except QueryError:
            return False
        if same:
            self._values[name] = text
        return same

    def _put_ends(self, name: str, item: Item, node: Comparison) -> bool:
        if f"{name}_from" in self._values:
            return False
        ends = _days_shown(node) if _is_date(item.field) else _numbers_shown(node)
        if ends is None:
            return False
        self._values[f"{name}_from"], self._values[f"{name}_to"] = ends
        return True


def _bare(node: Node, field: str) -> Node | None:
    """Return words of a field as bare words, so that its field shows them; None for anything else."""
    if isinstance(node, Not):
        child = _bare(node.child, field)
        return Not(child) if child else None
    if isinstance(node, And | Or):
        children = tuple(found for found in (_bare(child, field) for child in node.children) if found)
        return type(node)(children) if len(children) == len(node.children) else None
    if isinstance(node, Word | Phrase):
        return node if field == WORDS else None
    if isinstance(node, Comparison) and node.field == field and node.op in ("in", "prefix") and len(node.values) == 1:
        text = node.values[0]
        return Word(text, node.op == "prefix") if node.op == "prefix" or text.isalnum() else Phrase(text)
    return None


def _days_shown(node: Comparison) -> tuple[str, str] | None:
    """Return first and last day of a condition that two fields for days can show."""
    try:
        ranges = days_of(node)
    except QueryError:
        return None
    if len(ranges) != 1 or ranges[0][0] > ranges[0][1]:
        return None
    first, last = ranges[0]
    ends = first.isoformat() if first > FIRST_DAY else "", last.isoformat() if last < LAST_DAY else ""
    return ends if any(ends) else None


def _numbers_shown(node: Comparison) -> tuple[str, str] | None:
    """Return both ends of a condition that two fields for numbers can show."""
    if node.op != "range" or not all(_is_number(value) for value in node.values if value):
        return None
    return node.values[0], node.values[1]
