"""The fields that the archive registers, run on its tables: each example, the limits, and rules beside them."""

from __future__ import annotations

import pytest

from archive.documents.fields import bare_word
from archive.documents.models import AccessRule, Communication
from archive.documents.selectors import visible_to
from archive.query import QueryError, Values, parse, registry
from archive.query.grammar import DEEPEST, EXAMPLES, MOST_CONDITIONS, MOST_TERMS
from archive.query.to_q import not_false_q, true_q
from archive.search.selectors import first_keys, resolve

pytestmark = pytest.mark.django_db

_RULE_TERMS = ["branch:01*", "balance:1..2", "tags:a", "due_on:2026", "unit:retail", "branch:*"]
_TERMS = [
    *_RULE_TERMS, *(f"NOT {term}" for term in _RULE_TERMS),
    "account:1", "account:1*", "NOT account:1*", "customer:1", "customer:1*", "NOT customer:1", "external_id:a*",
    "record:V-1-1", "batch:J", "load:1", "issued:2026", "NOT issued:2026", "archived:2026", "channel:email",
    "state:current", "language:de*", 'name:"Eva M"*', "NOT name:Eva", "postcode:70173", "0004711",
]  # fmt: skip
_LISTED = [
    "account:{}", "customer:{}", "external_id:{}", "batch:{}", "load:{}", "postcode:{}", "name:n{}", "branch:{}",
    "balance:{}", "tags:{}", "record:V-1-{}", "issued:{}", "archived:{}", "due_on:{}",
]  # fmt: skip


def run(text: str, user: object) -> list[int]:
    condition = true_q(parse(text), registry, Values(user), bare=bare_word)
    return list(visible_to(user).filter(condition).values_list("pk", flat=True)[:1])


@pytest.fixture
def agent(configured, user_of):
    return user_of("agent")


def test_every_example_of_a_field_can_be_run(agent):
    for field in registry.all(agent).values():
        example = field.example.replace("exstream-prod", "engine")
        assert first_keys(resolve(example, user=agent), limit=1) == [], field.name


def test_every_example_of_the_help_page_can_be_run(agent):
    for text in EXAMPLES:
        assert first_keys(resolve(text, user=agent), limit=1) == [], text


@pytest.mark.parametrize("joined", [" ", " OR "])
def test_as_many_conditions_as_are_read_can_be_run(agent, joined):
    for term in _TERMS:
        assert run(joined.join([term] * MOST_CONDITIONS), agent) == [], term


@pytest.mark.parametrize("template", _LISTED)
def test_as_long_a_list_as_is_read_can_be_run(agent, template):
    field, _colon, value = template.partition(":")
    years = field in ("issued", "archived", "due_on")
    listed = ",".join(value.format(1500 + number if years else number) for number in range(MOST_TERMS))
    assert run(f"{field}:{listed}", agent) == []
    assert run(f"NOT {field}:{listed}", agent) == []


@pytest.mark.parametrize("opened", ["NOT (unit:retail ", "(unit:retail OR NOT (state:current ", "NOT (tags:b OR "])
def test_as_deep_as_is_read_can_be_run_beside_a_rule_as_deep(agent, opened):
    brackets = opened.count("(")
    times = DEEPEST // brackets
    rule = "NOT (branch:1 OR " * DEEPEST + "balance:1..2" + ")" * DEEPEST
    AccessRule.objects.filter(effect=AccessRule.Effect.DENY).update(expression=rule)
    for term in ("name:Eva", "tags:a", "NOT due_on:2026", "balance:1..2", "customer:1"):
        run(opened * times + term + ")" * (times * brackets), agent)


@pytest.mark.parametrize("joined", [" ", " OR "])
def test_as_long_a_deny_rule_as_is_read_can_be_run(configured, joined):
    for term in [*_RULE_TERMS, *(f"NOT {term}" for term in _RULE_TERMS)]:
        tree = parse(joined.join([term] * MOST_CONDITIONS))
        deny = not_false_q(tree, registry, Values(None))
        assert list(Communication.objects.filter(~deny)) == [], term
        assert list(Communication.objects.filter(deny)) == [], term


def test_names_are_unknown_to_those_without_the_right(configured, user_of):
    with pytest.raises(QueryError, match='There is no field "name"'):
        run("name:Eva", user_of("admin"))


def test_a_wrong_class_is_named_with_its_place_and_the_closest_one(agent):
    with pytest.raises(QueryError) as caught:
        run("class:statment", agent)
    assert caught.value.message == 'No class is called "statment" (character 7). Did you mean class:statement?'
