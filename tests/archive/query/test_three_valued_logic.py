"""Tree → Q: a comparison with a missing value is unknown, and so is its negation (design.md "Who may see what")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.query import Comparison, Everything, Not, Values, parse
from archive.query.grammar import DEEPEST, MOST_CONDITIONS
from archive.query.to_q import not_false_q, true_q
from tests.archive.query.letters import LETTERS, fields, ids_where, truth_of
from tests.archive.query.trees import trees_over

FIELDS = fields()
NOBODY = Values(None)
_TEXTS = st.sampled_from(["011", "012", "02", "0", "1"])
_NUMBERS = st.sampled_from(["-1", "0", "5", "7", "9"])
_ORDERS = st.sampled_from(["<", "<=", ">", ">="])


def _comparisons(field: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[Comparison]:
    return st.one_of(
        st.lists(value, min_size=1, max_size=3).map(lambda found: Comparison(field, "in", tuple(found))),
        st.builds(lambda op, found: Comparison(field, op, (found,)), _ORDERS, value),
        st.builds(lambda low, high: Comparison(field, "range", (low, high)), value, value),
        st.builds(lambda low: Comparison(field, "range", (low, "")), value),
        st.builds(lambda high: Comparison(field, "range", ("", high)), value),
        st.just(Comparison(field, "any", ())),
    )


_kinds = st.lists(st.sampled_from(["bill", "statement", "notice"]), min_size=1, max_size=2)
queries = trees_over(
    st.one_of(
        _kinds.map(lambda found: Comparison("kind", "in", tuple(found))),
        _comparisons("branch", _TEXTS),
        _TEXTS.map(lambda found: Comparison("branch", "prefix", (found,))),
        _comparisons("balance", _NUMBERS),
    )
)


def by_hand(tree, *, deny, wanted):
    return {letter.id for letter in LETTERS if truth_of(tree, letter, deny=deny) in wanted}


@given(queries)
def test_a_search_finds_what_is_surely_true(tree):
    assert ids_where(true_q(tree, FIELDS, NOBODY)) == by_hand(tree, deny=False, wanted=(True,))


@given(queries)
def test_a_deny_rule_applies_unless_it_is_surely_false(tree):
    assert ids_where(not_false_q(tree, FIELDS, NOBODY)) == by_hand(tree, deny=True, wanted=(True, None))


@given(queries)
def test_what_a_deny_rule_leaves_is_what_is_surely_false(tree):
    assert ids_where(~not_false_q(tree, FIELDS, NOBODY)) == by_hand(tree, deny=True, wanted=(False,))


@given(queries, queries)
def test_deny_wins_over_allow(allow, deny):
    seen = true_q(allow, FIELDS, NOBODY) & ~not_false_q(deny, FIELDS, NOBODY)
    allowed = by_hand(allow, deny=False, wanted=(True,))
    assert ids_where(seen) == allowed & by_hand(deny, deny=True, wanted=(False,))


@given(queries)
def test_a_query_and_its_negation_never_hold_together(tree):
    found = ids_where(true_q(tree, FIELDS, NOBODY))
    negation = ids_where(true_q(Not(tree), FIELDS, NOBODY))
    assert not found & negation


def found(text: str) -> set[tuple[str, str | None]]:
    ids = ids_where(true_q(parse(text), FIELDS, NOBODY))
    return {(letter.kind, letter.branch) for letter in LETTERS if letter.id in ids}


def denied(text: str) -> set[tuple[str, str | None]]:
    ids = ids_where(not_false_q(parse(text), FIELDS, NOBODY))
    return {(letter.kind, letter.branch) for letter in LETTERS if letter.id in ids}


def test_not_012_leaves_out_letters_without_a_branch():
    assert {branch for _kind, branch in found("NOT branch:012")} == {"011", "02"}


def test_a_deny_rule_hits_letters_whose_branch_is_empty_but_not_classes_without_branches():
    assert denied("branch:012") == {
        ("bill", "012"),
        ("bill", None),
        ("statement", "012"),
        ("statement", None),
        ("notice", "012"),
    }


def test_a_deny_rule_still_hits_letters_from_before_their_class_lost_the_field():
    assert ("notice", "012") in denied("branch:012")
    assert ("notice", "011") not in denied("branch:012")
    assert ("notice", "012") not in denied("NOT branch:012")


def test_a_negated_deny_rule_hits_classes_without_branches():
    assert ("notice", None) in denied("NOT branch:012")


def test_whether_there_is_a_value_is_asked_of_classes_that_have_the_field():
    assert {branch for _kind, branch in found("branch:*")} == {"011", "012", "02"}
    assert found("NOT branch:*") == {("bill", None), ("statement", None)}


def test_the_empty_query_is_everything():
    everything = {letter.id for letter in LETTERS}
    assert ids_where(true_q(Everything(), FIELDS, NOBODY)) == everything
    assert ids_where(not_false_q(Everything(), FIELDS, NOBODY)) == everything


@pytest.mark.parametrize("joined", [" OR ", " "])
@pytest.mark.parametrize("term", ["branch:012", "branch:01..02", "NOT branch:012", "NOT branch:01..02", "-balance:>=3"])
def test_as_many_conditions_as_are_read_can_be_run(joined, term):
    few = parse(term)
    many = parse(joined.join([term] * MOST_CONDITIONS))
    assert ids_where(true_q(many, FIELDS, NOBODY)) == ids_where(true_q(few, FIELDS, NOBODY))
    assert ids_where(not_false_q(many, FIELDS, NOBODY)) == ids_where(not_false_q(few, FIELDS, NOBODY))


@pytest.mark.parametrize("opened", ["NOT (branch:011 ", "(balance:5 OR NOT (kind:bill ", "(branch:01..02 OR "])
def test_as_deep_as_is_read_can_be_run_beside_a_rule_as_deep(opened):
    brackets = opened.count("(")
    times = DEEPEST // brackets
    tree = parse(opened * times + "branch:012" + ")" * (times * brackets))
    seen = true_q(tree, FIELDS, NOBODY) & ~not_false_q(tree, FIELDS, NOBODY)
    allowed = by_hand(tree, deny=False, wanted=(True,))
    assert ids_where(seen) == allowed & by_hand(tree, deny=True, wanted=(False,))
