"""The registry: which fields there are, for whom, and what is said of those that there are not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db.models import Q

from archive.query import Comparison, Field, QueryError, Registry, Values, parse
from archive.query.fields import NOTHING, Truth
from archive.query.to_q import not_false_q, true_q
from tests.archive.query.letters import fields, ids_where


def nothing(comparison: Comparison, values: Values) -> Truth:
    return Truth(NOTHING, NOTHING)


def field(name: str, **details) -> Field:
    return Field(name, name.capitalize(), frozenset({"in"}), nothing, **details)


def user_with(*permissions: str) -> SimpleNamespace:
    return SimpleNamespace(has_perm=permissions.__contains__)


def refused(registry: Registry, text: str, user: object = None, **more) -> QueryError:
    with pytest.raises(QueryError) as caught:
        true_q(parse(text), registry, Values(user), **more)
    return caught.value


def test_an_unknown_field_is_named_with_its_place_and_the_closest_one():
    error = refused(fields(), "kind:bill brnch:012")
    assert error.message == 'There is no field "brnch" (character 11). Did you mean branch: ?'
    assert (error.start, error.end, error.suggestion) == (10, 15, "branch:")


def test_a_field_like_no_other_gets_no_suggestion():
    error = refused(fields(), "zzz:1")
    assert error.message == 'There is no field "zzz" (character 1).'
    assert error.suggestion == ""


def test_an_operator_that_a_field_does_not_take_is_refused_with_an_example():
    error = refused(fields(), "balance:1*")
    assert error.message == '"balance" cannot be compared like this (character 1). Write for example balance:>1000'
    assert (error.start, error.end) == (0, 10)


def test_a_field_that_a_user_may_not_use_is_unknown_to_him():
    registry = Registry()
    registry.add(field("name", permission="archive.view_parties"))
    registry.add(field("names_of_ships"))
    assert set(registry.all(user_with())) == {"names_of_ships"}
    assert set(registry.all(user_with("archive.view_parties"))) == {"name", "names_of_ships"}
    assert 'There is no field "name"' in refused(registry, "name:x", user_with()).message
    assert "Did you mean" not in refused(registry, "nam:x", user_with()).message


def test_without_a_user_every_field_may_be_used():
    registry = Registry()
    registry.add(field("name", permission="archive.view_parties"))
    assert ids_where(true_q(parse("name:x"), registry, Values(None))) == set()


def test_a_name_is_given_once():
    registry = Registry()
    registry.add(field("name"))
    with pytest.raises(ValueError, match="named twice"):
        registry.add(field("name"))


def test_configured_fields_are_asked_for_anew_and_never_hide_a_built_in_one():
    configured = {"branch": field("branch"), "kind": field("kind", permission="never")}
    registry = Registry()
    registry.add(field("kind"))
    registry.add_source(lambda: configured)
    assert set(registry.all(user_with())) == {"branch", "kind"}
    configured["region"] = field("region")
    assert set(registry.all(user_with())) == {"branch", "kind", "region"}
    assert registry.built_in_names() == {"kind"}


def test_a_configured_field_does_not_stand_in_for_a_built_in_one_that_is_not_allowed():
    registry = Registry()
    registry.add(field("name", permission="archive.view_parties"))
    registry.add_source(lambda: {"name": field("name")})
    assert "no field" in refused(registry, "name:x", user_with()).message


def test_a_query_of_many_terms_asks_for_the_configured_fields_once():
    asked: list[int] = []

    def source() -> dict[str, Field]:
        asked.append(1)
        return {"branch": field("branch")}

    registry = Registry()
    registry.add(field("kind"))
    registry.add_source(source)
    true_q(parse("kind:a kind:b"), registry, Values(None))
    assert asked == []
    true_q(parse(" OR ".join(["branch:1", "kind:a"] * 50)), registry, Values(None))
    assert asked == [1]


def test_words_are_refused_where_only_conditions_can_stand():
    error = refused(fields(), "kind:bill fee")
    assert "“fee” (character 11)" in error.message
    assert (error.start, error.end) == (10, 13)


def test_a_phrase_is_told_how_to_write_it_with_a_field():
    assert refused(fields(), '"late fee"').message.endswith('such as unit:"late fee"')


def test_a_bare_word_that_looks_like_an_id_means_what_the_caller_says():
    def bare(text: str, values: Values) -> Q | None:
        return Q(kind="bill") if text == "0004711" else None

    by_kind = ids_where(Q(kind="bill"))
    assert ids_where(true_q(parse("0004711"), fields(), Values(None), bare=bare)) == by_kind
    assert ids_where(true_q(parse('"0004711"'), fields(), Values(None), bare=bare)) == by_kind
    assert "“4711”" in refused(fields(), "4711", bare=bare).message


def test_the_beginning_of_an_id_is_not_taken_for_the_id():
    assert "“0004711*”" in refused(fields(), "0004711*", bare=lambda text, values: Q()).message


def test_rules_know_no_bare_words():
    with pytest.raises(QueryError):
        not_false_q(parse("0004711"), fields(), Values(None))


def test_a_query_notes_what_was_added_to_its_values():
    def also(comparison: Comparison, values: Values) -> Truth:
        values.also.setdefault(comparison.field, []).append("C-2")
        return Truth(NOTHING, NOTHING)

    registry = Registry()
    registry.add(Field("customer", "Customer", frozenset({"in"}), also))
    values = Values(None)
    true_q(parse("customer:C-1"), registry, values)
    assert values.also == {"customer": ["C-2"]}
