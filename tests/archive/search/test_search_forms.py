"""A search form and the box build each other; what no field shows is carried along, what is wrong is at its field."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.documents.remembering import remembering
from archive.query import Everything, Node, parse, to_text
from archive.query.tree import conditions
from archive.search.models import SearchForm
from archive.search.search_forms import FilledForm, columns_of_form, get_form, list_forms
from tests.archive.query.trees import leaves as any_leaf
from tests.archive.query.trees import trees_over

FIELDS: list[dict[str, Any]] = [
    {"field": "words", "operator": "contains"},
    {"field": "subject", "operator": "contains"},
    {"field": "customer", "operator": "is"},
    {"field": "account", "operator": "begins"},
    {"field": "name", "operator": "is"},
    {"field": "issued", "operator": "between"},
    {"field": "balance", "operator": "between"},
    {"field": "channel", "operator": "any"},
    {"field": "class", "operator": "any"},
    {"field": "unit", "operator": "is"},
]
WORDS, SUBJECT, CUSTOMER, ACCOUNT, NAME, ISSUED, BALANCE, CHANNEL, CLASS, UNIT = (f"f{n}" for n in range(len(FIELDS)))


@pytest.fixture
def agent(configured: None, user_of: Any) -> Any:
    """Return an agent."""
    return user_of("agent")


def form_of(*fields: dict[str, Any], key: str = "letters", roles: tuple[str, ...] = ("agent",), **more: Any) -> Any:
    """Make a search form, by default of all kinds of fields."""
    definition = SearchForm.objects.create(key=key, label=key.title(), fields=list(fields or FIELDS), **more)
    definition.groups.set(Group.objects.filter(name__in=roles))
    return definition


@pytest.fixture
def definition(agent: Any) -> Any:
    """Return a form with all kinds of fields, for two classes."""
    return form_of(classes=["statement", "bill"])


def posted(values: dict[str, Any]) -> QueryDict:
    """Return what a browser sends of a form that shows these values."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def sent(definition: Any, user: Any, **values: Any) -> FilledForm:
    """Return a form as it was filled in."""
    return FilledForm(posted(values), definition=definition, user=user)


def said(definition: Any, user: Any, **values: Any) -> str:
    """Return the query that a form says."""
    form = sent(definition, user, **values)
    assert form.is_valid(), form.errors
    return form.query_text()


def shown(definition: Any, user: Any, text: str) -> dict[str, Any]:
    """Return what a form shows of a query, without what is empty."""
    form = FilledForm(definition=definition, user=user, tree=parse(text))
    return {name: value for name, value in form.initial.items() if value}


BOTH = "class:statement,bill"
SAID: list[tuple[dict[str, Any], str]] = [
    ({}, BOTH),
    ({CUSTOMER: " C-1 "}, f"customer:C-1 {BOTH}"),
    ({CUSTOMER: "C-1*"}, f"customer:C-1* {BOTH}"),
    ({ACCOUNT: "0004"}, f"account:0004* {BOTH}"),
    ({ACCOUNT: "0004*"}, f"account:0004* {BOTH}"),
    ({NAME: 'Eva "die" Müller'}, rf'name:"Eva \"die\" Müller" {BOTH}'),
    ({ISSUED + "_from": "2026-01-01", ISSUED + "_to": "2026-06-30"}, f"issued:2026-01-01..2026-06-30 {BOTH}"),
    ({ISSUED + "_to": "2026-06-30"}, f"issued:..2026-06-30 {BOTH}"),
    ({BALANCE + "_from": "0"}, f"balance:0.. {BOTH}"),
    ({BALANCE + "_from": "-1.5", BALANCE + "_to": "1e3"}, f"balance:-1.5..1000 {BOTH}"),
    ({CHANNEL: ["email", "sms"], CLASS: ["bill"], UNIT: "retail"}, "channel:email,sms class:bill unit:retail"),
    ({WORDS: '"late fee" reminder*'}, f'"late fee" reminder* {BOTH}'),
    ({WORDS: "(fee OR charge) NOT paid"}, f"(fee OR charge) NOT paid {BOTH}"),
    ({WORDS: "fee OR charge"}, f"(fee OR charge) {BOTH}"),
    ({SUBJECT: '"late fee" pay*'}, f'subject:"late fee" subject:pay* {BOTH}'),
    ({SUBJECT: "fee OR charge"}, f"(subject:fee OR subject:charge) {BOTH}"),
    ({"rest": "state:superseded OR language:de"}, f"{BOTH} (state:superseded OR language:de)"),
]


def test_a_form_says_a_query_and_the_query_fills_the_form_again(definition: Any, agent: Any) -> None:
    for values, text in SAID:
        assert said(definition, agent, **values) == text
        again = FilledForm(definition=definition, user=agent, tree=parse(text)).initial
        assert said(definition, agent, **again) == text, again
        assert again["rest"] == values.get("rest", ""), "a field of its own was not found"


def test_a_query_that_the_box_says_otherwise_fills_the_fields(definition: Any, agent: Any) -> None:
    year = {f"{ISSUED}_from": "2026-01-01", f"{ISSUED}_to": "2026-12-31"}
    assert shown(definition, agent, "issued:2026") == year
    assert shown(definition, agent, "issued:>2026-01") == {f"{ISSUED}_from": "2026-02-01"}
    assert shown(definition, agent, "account:4711*") == {ACCOUNT: "4711"}
    assert shown(definition, agent, "class:bill,statement late fee") == {WORDS: "late fee"}
    assert shown(definition, agent, 'subject:"(a"') == {SUBJECT: '"(a"'}
    assert shown(definition, agent, "(fee OR charge) late") == {WORDS: "(fee OR charge) late"}


CARRIED = (
    "customer:C-1,C-2",
    'customer:"C-1*"',
    'customer:" C-1"',
    'customer:"C-1\n2"',
    f"customer:{'9' * 301}",
    "customer:*",
    "account:4711",
    'account:"4711*"*',
    "NOT customer:C-1",
    "issued:2026,2024",
    "issued:>2870-12-31",
    "balance:>5",
    "balance:01..5",
    "balance:1e3..",
    "unit:retail,commercial",
    "language:de",
    'subject:"late f"*',
    "subject:OR",
    "subject:fee,charge",
    "fee OR customer:C-1",
    " ".join(["word"] * 90),
)


@pytest.mark.parametrize("text", CARRIED)
def test_what_no_field_can_show_is_carried_along(definition: Any, agent: Any, text: str) -> None:
    form = FilledForm(definition=definition, user=agent, tree=parse(text))
    assert form.initial["rest"] and not form["rest"].is_hidden
    again = parse(said(definition, agent, **form.initial))
    assert set(map(to_text, conditions(again))) == {*map(to_text, conditions(parse(text))), BOTH}


def test_the_second_condition_of_a_field_is_carried_along(definition: Any, agent: Any) -> None:
    found = shown(definition, agent, "customer:C-1 customer:C-2 issued:2026 issued:2025")
    assert (found[CUSTOMER], found["rest"]) == ("C-1", "customer:C-2 issued:2025")


_TYPED = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=6).filter(lambda t: "*" not in t)
_WORDS = st.sampled_from(["", "fee", "late fee", '"late fee"', "a OR b", "(a OR b) c", "NOT a", "pay*", "x -y", "1,5"])
_DAYS = st.one_of(st.just(""), st.dates(datetime.date(2020, 1, 1), datetime.date(2022, 1, 1)).map(str))
_LATER = st.one_of(st.just(""), st.dates(datetime.date(2023, 1, 1), datetime.date(2026, 1, 1)).map(str))
_NUMBERS = st.one_of(st.just(""), st.decimals(-100, 0, places=2).map(str))
_MORE = st.one_of(st.just(""), st.decimals(1, 10**9, places=4).map(str))
_SOME = st.lists(st.sampled_from(["print", "email", "sms"]), unique=True).map(sorted)
FILLED = st.fixed_dictionaries(
    {
        WORDS: _WORDS,
        SUBJECT: _WORDS,
        CUSTOMER: _TYPED,
        ACCOUNT: _TYPED,
        NAME: _TYPED,
        f"{ISSUED}_from": _DAYS,
        f"{ISSUED}_to": _LATER,
        f"{BALANCE}_from": _NUMBERS,
        f"{BALANCE}_to": _MORE,
        CHANNEL: _SOME,
        CLASS: st.sampled_from([[], ["bill"], ["statement"], ["bill", "statement"]]),
        UNIT: st.sampled_from(["", "retail"]),
        "rest": st.sampled_from(["", "language:de", "state:current OR branch:1"]),
    }
)


@given(values=FILLED)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_a_form_says_fills_it_again_to_the_letter(definition: Any, agent: Any, values: dict[str, Any]) -> None:
    with remembering():  # as a request does
        text = said(definition, agent, **values)
        again = FilledForm(definition=definition, user=agent, tree=parse(text)).initial
        assert said(definition, agent, **again) == text
    assert again["rest"] == values["rest"]


@given(tree=trees_over(any_leaf))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_condition_of_any_query_is_lost_in_a_form(definition: Any, agent: Any, tree: Node) -> None:
    with remembering():
        initial = FilledForm(definition=definition, user=agent, tree=tree).initial
        again = said(definition, agent, **initial)
    wanted = [to_text(node) for node in conditions(tree)]
    kept = [to_text(node) for node in conditions(parse(again)) if to_text(node) != BOTH]
    assert sorted(kept) == sorted(text for text in wanted if text != BOTH)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({WORDS: 'fee "late'}, WORDS, "The quote at character 5 is not closed."),
    ({WORDS: "customer:C-1 fee"}, WORDS, "conditions have fields of their own"),
    ({WORDS: "..."}, WORDS, "neither letters nor digits"),
    ({WORDS: "fee OR"}, WORDS, "Something is missing"),
    ({SUBJECT: "(late"}, SUBJECT, "The bracket at character 1 is not closed."),
    ({SUBJECT: "f*"}, SUBJECT, "at least two letters"),
    ({CUSTOMER: "*"}, CUSTOMER, "Write how it begins before the *"),
    ({ACCOUNT: "**"}, ACCOUNT, "Write how it begins before the *"),
    ({CUSTOMER: "9" * 301}, CUSTOMER, "at most 300 characters"),
    ({CUSTOMER: "C\x00"}, CUSTOMER, "Null characters are not allowed."),
    ({f"{ISSUED}_from": "2026-06-30", f"{ISSUED}_to": "2026-06-01"}, f"{ISSUED}_to", "before the first one"),
    ({f"{ISSUED}_from": "2026-02-31"}, f"{ISSUED}_from", "valid date"),
    ({f"{BALANCE}_from": "5", f"{BALANCE}_to": "0"}, f"{BALANCE}_to", "before the first one"),
    ({f"{BALANCE}_from": "NaN"}, f"{BALANCE}_from", "number"),
    ({f"{BALANCE}_from": "0.00001"}, f"{BALANCE}_from", "decimal places"),
    ({CHANNEL: ["pigeon"]}, CHANNEL, "not one of the available choices"),
    ({CLASS: ["draft"]}, CLASS, "not one of the available choices"),
    ({UNIT: "retail*"}, UNIT, "not one of the available choices"),
    ({"rest": "x" * 10_001}, "rest", "at most 10000 characters"),
]


@pytest.mark.parametrize(("values", "field", "words"), WRONG)
def test_what_is_wrong_is_said_at_its_field(
    definition: Any, agent: Any, values: dict[str, Any], field: str, words: str
) -> None:
    form = sent(definition, agent, **values)
    assert not form.is_valid()
    assert list(form.errors) == [field] and words in str(form.errors[field])


def test_a_required_range_needs_one_end(agent: Any) -> None:
    definition = form_of({"field": "issued", "operator": "between", "required": True})
    assert list(sent(definition, agent).errors) == ["f0_from"]
    assert said(definition, agent, f0_to="2026-01-01") == "issued:..2026-01-01"


@pytest.fixture
def on_the_last_of_march(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the last of March of a leap year."""
    monkeypatch.setattr(timezone, "localdate", lambda: datetime.date(2024, 3, 31))


@pytest.mark.parametrize(
    ("default", "first", "last"),
    [
        ("-12m..", "2023-03-31", ""),
        ("-1m..", "2024-02-29", ""),
        ("-13m..-1y", "2023-02-28", "2023-03-31"),
        ("-30d..-0d", "2024-03-01", "2024-03-31"),
        ("..2020-01-31", "", "2020-01-31"),
    ],
)
def test_days_by_default_are_reckoned_from_today(
    agent: Any, on_the_last_of_march: None, default: str, first: str, last: str
) -> None:
    definition = form_of({"field": "issued", "operator": "between", "default": default})
    form = FilledForm(definition=definition, user=agent)
    assert (form.initial["f0_from"], form.initial["f0_to"]) == (first, last)
    assert said(definition, agent, **form.initial) == f"issued:{first}..{last}"


def test_defaults_stand_in_an_empty_form_and_not_in_one_of_a_query(agent: Any) -> None:
    definition = form_of(
        {"field": "words", "operator": "contains", "default": '"late fee"'},
        {"field": "channel", "operator": "any", "default": "email,sms"},
        {"field": "unit", "operator": "is", "default": "retail"},
    )
    form = FilledForm(definition=definition, user=agent)
    assert said(definition, agent, **form.initial) == '"late fee" channel:email,sms unit:retail'
    assert shown(definition, agent, "unit:commercial") == {"f2": "commercial"}
    everything = FilledForm(definition=definition, user=agent, tree=Everything()).initial
    assert said(definition, agent, **everything) == ""


def test_fields_without_the_right_are_left_out_and_their_conditions_stay(configured: None, user_of: Any) -> None:
    definition, user = form_of(roles=("operations",)), user_of("operations")
    form = FilledForm(definition=definition, user=user)
    assert "Name" not in {str(field.label) for field in form.fields.values()}
    assert said(definition, user, f4_from="", f3="47") == "account:47*"
    assert shown(definition, user, "name:eva") == {"rest": "name:eva"}


def test_a_field_that_is_not_known_is_left_out(agent: Any) -> None:
    definition = form_of({"field": "branch", "operator": "is"}, {"field": "gone", "operator": "is"})
    assert list(FilledForm(definition=definition, user=agent).fields) == ["f0", "rest"]


def test_forms_are_those_of_ones_groups_in_their_order(agent: Any, user_of: Any) -> None:
    form_of(key="b", position=1, roles=("agent", "auditor"))
    form_of(key="a", position=2)
    form_of(key="c", position=0, roles=("auditor",))
    both = user_of("agent", "auditor")
    assert [form.key for form in list_forms(user=agent)] == ["b", "a"]
    assert [form.key for form in list_forms(user=both)] == ["c", "b", "a"]
    assert get_form("b", user=both).key == "b"
    for key in ("c", "absent"):
        with pytest.raises(SearchForm.DoesNotExist):
            get_form(key, user=agent)


def test_columns_are_those_of_a_form_of_ones_own(agent: Any) -> None:
    form_of(key="mine", columns=["balance", "branch"])
    form_of(key="theirs", columns=["balance"], roles=("auditor",))
    assert columns_of_form("mine", user=agent) == ["balance", "branch"]
    assert columns_of_form("theirs", user=agent) == columns_of_form("", user=agent) == []
