"""The conditions of a search as a form: the same language as the box, field by field; each builds the other."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from archive.documents.dates import FIRST_DAY, LAST_DAY, days_of
from archive.documents.models import BusinessUnit, Channel, DocumentClass
from archive.query import Comparison, Node, Phrase, QueryError, Word, parse, to_text
from archive.query.grammar import LONGEST_QUERY
from archive.query.tree import all_of, conditions
from archive.search.search_forms import LONGEST_VALUE, WORDS, words_node

_SINGLE = {"customer": "customer", "account": "account", "name": "name", "postcode": "postcode"}
_CHOICES = {"document_class": "class", "unit": "unit", "channel": "channel"}


class ConditionsForm(forms.Form):
    """Conditions as fields. What it cannot show (OR, NOT, index fields) it carries along as text, in `rest`."""

    customer = forms.CharField(
        label=_("Customer"), required=False, max_length=100, widget=forms.TextInput(attrs={"data-suggest": "customer"})
    )
    account = forms.CharField(
        label=_("Account"), required=False, max_length=100, widget=forms.TextInput(attrs={"data-suggest": "account"})
    )
    words = forms.CharField(
        label=_("Words"), required=False, max_length=300, help_text=_("A phrase in quotes, a beginning with *")
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, widget=forms.TextInput(attrs={"data-suggest": "name"})
    )
    postcode = forms.CharField(label=_("Postcode"), required=False, max_length=20)
    issued_from = forms.DateField(
        label=_("Issued from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    issued_to = forms.DateField(
        label=_("Issued to"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    document_class = forms.MultipleChoiceField(label=_("Class"), required=False, widget=forms.CheckboxSelectMultiple)
    channel = forms.MultipleChoiceField(
        label=_("Channel"), required=False, choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    unit = forms.MultipleChoiceField(label=_("Unit"), required=False, widget=forms.CheckboxSelectMultiple)
    rest = forms.CharField(label=_("Other conditions"), required=False, max_length=LONGEST_QUERY)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choices("document_class", DocumentClass.objects.order_by("label").values_list("key", "label"))
        self._choices("unit", BusinessUnit.objects.order_by("label").values_list("key", "label"))
        if not user.has_perm("archive.view_parties"):
            del self.fields["name"], self.fields["postcode"]

    def _choices(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        """Refuse a range of days that ends before it begins, words that are none, a star with nothing before it."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("issued_from"), cleaned.get("issued_to")
        if first and last and first > last:
            self.add_error("issued_to", _("This day is before the first one. Exchange them."))
        if cleaned.get("words"):
            try:
                words_node(WORDS, str(cleaned["words"]))
            except QueryError as error:
                self.add_error("words", error.message)
        for name in _SINGLE:
            if cleaned.get(name) and not str(cleaned[name]).rstrip("*"):
                self.add_error(name, _("Write how it begins before the *, or leave the field empty."))
        return cleaned

    def query_text(self) -> str:
        """Return the query that the form says. Errors: QueryError for what stands in `rest`."""
        data = self.cleaned_data
        nodes: list[Node] = []
        for name, field in _SINGLE.items():
            value = str(data.get(name, "")).strip()
            if value:
                prefix = value.endswith("*")
                nodes.append(Comparison(field, "prefix" if prefix else "in", (value.rstrip("*"),)))
        for name, field in _CHOICES.items():
            if data.get(name):
                nodes.append(Comparison(field, "in", tuple(data[name])))
        if data.get("words"):
            nodes += conditions(words_node(WORDS, str(data["words"])))
        first, last = data.get("issued_from"), data.get("issued_to")
        if first or last:
            days = (first.isoformat() if first else "", last.isoformat() if last else "")
            nodes.append(Comparison("issued", "range", days))
        return to_text(all_of((*nodes, parse(data.get("rest", "")))))


def form_values(tree: Node) -> dict[str, Any]:
    """Return what the form shows of a query; conditions that it has no field for go to `rest`."""
    values: dict[str, Any] = {}
    rest: list[Node] = []
    fields = {**{field: name for name, field in _SINGLE.items()}, **{field: name for name, field in _CHOICES.items()}}
    for node in conditions(tree):
        name = fields.get(node.field) if isinstance(node, Comparison) else None
        if isinstance(node, Comparison) and name and name not in values and _fits(name, node):
            values[name] = _value(name, node)
        elif isinstance(node, Comparison) and node.field == "issued" and _days(node) and "issued_from" not in values:
            values["issued_from"], values["issued_to"] = _days(node) or ("", "")
        elif isinstance(node, Word | Phrase) and _words_fit(_words(node, values)):
            values["words"] = _words(node, values)
        else:
            rest.append(node)
    values["rest"] = to_text(all_of(tuple(rest)))
    return values


def _fits(name: str, node: Comparison) -> bool:
    """Tell whether a field says the same condition again; what a field of one line would change goes to `rest`."""
    if name in _CHOICES:
        return node.op == "in"
    if node.op not in ("in", "prefix") or len(node.values) != 1:
        return False
    text = node.values[0]
    most = ConditionsForm.base_fields[name].max_length  # type: ignore[attr-defined]
    same = text == text.strip() and not text.endswith("*") and not set(text) & {"\n", "\r"}
    return same and len(_value(name, node)) <= most


def _value(name: str, node: Comparison) -> Any:
    if name in _CHOICES:
        return list(node.values)
    return node.values[0] + ("*" if node.op == "prefix" else "")


def _words(node: Word | Phrase, values: dict[str, Any]) -> str:
    return f"{values['words']} {to_text(node)}" if "words" in values else to_text(node)


def _words_fit(text: str) -> bool:
    try:
        words_node(WORDS, text)
    except QueryError:
        return False
    return len(text) <= LONGEST_VALUE and not set(text) & {"\n", "\r"}


def _days(node: Comparison) -> tuple[str, str] | None:
    """Return first and last day where the condition is a range that two day fields can show."""
    ranges = days_of(node)
    if len(ranges) != 1 or ranges[0][0] > ranges[0][1]:
        return None
    first, last = ranges[0]
    ends = first.isoformat() if first > FIRST_DAY else "", last.isoformat() if last < LAST_DAY else ""
    return ends if any(ends) else None
