"""Who may see what: allow, deny wins, no rule no rows, a missing value is unknown (design.md "Who may see what")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from archive.audit.ids import uuid7
from archive.documents.access import RuleError, check_expression
from archive.documents.models import AccessRule, BusinessUnit, ClassVersion, Communication, DocumentClass
from archive.documents.selectors import explain_access, get_communication, visible_to
from tests.archive.documents.archives import Archive, external_ids, letter, set_rules

PARTY = [{"role": "holder", "customer_id": "C-1", "name": "Eva Müller"}]
# One letter for each thing that rules can tell apart.
LETTERS = (
    letter("retail-012", index={"branch": "012", "balance": "10"}),
    letter("retail-099", index={"branch": "099", "balance": "10"}),
    letter("retail-none", index={}),
    letter("retail-bill", document_class="bill", parties=PARTY),
    letter("commercial-012", business_unit="commercial", index={"branch": "012"}),
)
ALL = {entry["external_id"] for entry in LETTERS}
Seeing = Callable[..., set[str]]


@pytest.fixture
def letters(archive: Archive) -> Archive:
    """Return an archive with one letter of each kind."""
    archive.load(*LETTERS)
    return archive


@pytest.fixture
def seeing(letters: Archive, user_of: Any) -> Seeing:
    """Return a function: what an agent sees under some rules."""
    agent = user_of("agent")

    def see(*, allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> set[str]:
        set_rules(Group.objects.get(name="agent"), allow=allow, deny=deny)
        return external_ids(visible_to(agent))

    return see


def test_without_a_rule_nothing_is_seen(seeing: Seeing) -> None:
    assert seeing() == set()


def test_a_deny_rule_alone_shows_nothing(seeing: Seeing) -> None:
    assert seeing(deny=("branch:012",)) == set()


def test_the_empty_expression_allows_everything(seeing: Seeing) -> None:
    assert seeing(allow=("",)) == ALL


def test_rules_that_allow_add_up(seeing: Seeing) -> None:
    assert seeing(allow=("class:bill", "unit:commercial")) == {"retail-bill", "commercial-012"}


def test_allow_needs_a_value_that_is_surely_right(seeing: Seeing) -> None:
    assert seeing(allow=("branch:012",)) == {"retail-012", "commercial-012"}
    assert seeing(allow=("NOT branch:012",)) == {"retail-099"}
    assert seeing(allow=("balance:>=0",)) == {"retail-012", "retail-099"}


def test_deny_wins_over_every_rule_that_allows(seeing: Seeing) -> None:
    seen = seeing(allow=("", "branch:099", "unit:retail"), deny=("branch:099",))
    assert "retail-099" not in seen


def test_a_deny_applies_when_a_field_that_the_class_has_is_empty(seeing: Seeing) -> None:
    assert seeing(allow=("",), deny=("branch:099",)) == {"retail-012", "retail-bill", "commercial-012"}


def test_a_class_without_the_field_is_not_hit_by_a_deny_over_it(seeing: Seeing) -> None:
    assert "retail-bill" in seeing(allow=("",), deny=("branch:*",))
    assert "retail-bill" not in seeing(allow=("",), deny=("NOT branch:*",))


def test_a_deny_over_what_is_never_empty_hits_nothing_else(seeing: Seeing) -> None:
    assert seeing(allow=("",), deny=("unit:retail class:statement",)) == {"retail-bill", "commercial-012"}


def test_two_deny_rules_both_hold(seeing: Seeing) -> None:
    assert seeing(allow=("",), deny=("unit:commercial", "branch:099")) == {"retail-012", "retail-bill"}


def test_a_deny_over_a_field_that_the_class_lost_still_hits_what_has_the_value(seeing: Seeing) -> None:
    statement = DocumentClass.objects.get(key="statement")
    old = ClassVersion.objects.get(document_class=statement, version=1)
    ClassVersion.objects.create(
        document_class=statement, version=2, fields=[], columns=[], published_at=old.published_at
    )
    DocumentClass.objects.filter(pk=statement.pk).update(current=2)
    assert seeing(allow=("",), deny=("branch:099",)) == ALL - {"retail-099"}


def test_restricted_letters_can_be_denied(letters: Archive, seeing: Seeing) -> None:
    kept = letters.get("retail-012")
    Communication.objects.filter(pk=kept.pk).update(restricted=True)
    assert seeing(allow=("unit:retail",), deny=("restricted:yes",)) == {"retail-099", "retail-none", "retail-bill"}


def test_a_rule_that_cannot_be_read_closes_everything(
    seeing: Seeing, caplog: pytest.LogCaptureFixture, letters: Archive
) -> None:
    assert seeing(allow=("",), deny=("branche:099",)) == set()
    assert "cannot be compiled" in caplog.text


def test_rules_of_two_roles_add_up_and_either_one_denies(letters: Archive, user_of: Any) -> None:
    both = user_of("agent", "auditor")
    assert external_ids(visible_to(both)) == {"retail-012", "retail-bill", "commercial-012"}
    assert external_ids(visible_to(user_of("auditor"))) == ALL


def test_a_unit_that_was_merged_is_seen_with_the_one_it_went_into(seeing: Seeing) -> None:
    retail = BusinessUnit.objects.get(key="retail")
    BusinessUnit.objects.filter(key="commercial").update(merged_into=retail)
    assert seeing(allow=("unit:retail",)) == ALL
    assert seeing(allow=("unit:commercial",)) == {"commercial-012"}


@pytest.mark.parametrize("change", ["inactive", "anonymous", "no permission", "superuser"])
def test_rules_give_nothing_to_those_who_may_not_search(letters: Archive, user_of: Any, change: str) -> None:
    user = user_of("agent")
    assert external_ids(visible_to(user))
    if change == "inactive":
        user.is_active = False
    elif change == "anonymous":
        user = AnonymousUser()
    elif change == "no permission":
        Group.objects.get(name="agent").permissions.clear()
        user = type(user).objects.get(pk=user.pk)
    else:
        user.is_superuser = True
        user.groups.clear()
    assert external_ids(visible_to(user)) == set()


def test_being_a_superuser_adds_nothing_to_the_rules(letters: Archive, user_of: Any) -> None:
    user = user_of("agent")
    user.is_superuser = True
    assert external_ids(visible_to(user)) == {"retail-012", "retail-bill"}


def test_a_hidden_letter_is_as_absent_as_one_that_never_was(letters: Archive, user_of: Any) -> None:
    agent = user_of("agent")
    hidden = letters.get("retail-099")
    for public_id in (hidden.public_id, uuid7()):
        with pytest.raises(Communication.DoesNotExist):
            get_communication(public_id, user=agent)


def test_the_reasons_name_the_rules_that_are_true_and_only_those(letters: Archive, user_of: Any) -> None:
    agent = user_of("agent", "auditor")
    AccessRule.objects.create(
        group=Group.objects.get(name="agent"), effect="allow", expression="branch:012", note="Own branch"
    )
    reasons = explain_access(letters.get("retail-012"), user=agent)
    assert {(reason.group, reason.words, reason.note) for reason in reasons} == {
        ("agent", "communications where Unit is Retail", ""),
        ("agent", "communications where Branch is 012", "Own branch"),
        ("auditor", "all communications", ""),
    }
    assert all(reason.allow for reason in reasons)


@pytest.mark.parametrize("expression", ["customer:C-1", "issued:2026", "name:Eva", "state:current", "channel:sms"])
def test_a_rule_over_what_may_change_is_refused(configured: None, expression: str) -> None:
    with pytest.raises(RuleError, match="may change"):
        check_expression(expression)


@pytest.mark.parametrize("expression", ["branche:012", "unit:(", "0004711", "class:nothing"])
def test_a_rule_that_is_not_understood_is_refused(configured: None, expression: str) -> None:
    with pytest.raises(RuleError):
        check_expression(expression)


def test_a_rule_is_kept_in_its_canonical_form(configured: None) -> None:
    assert check_expression("  unit:retail   AND  (branch:012)") == "unit:retail branch:012"
