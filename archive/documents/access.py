"""Who may see which communications: access rules compiled into the query (design.md "Who may see what").

Allow needs a rule to be true; a deny applies unless its rule is false; deny wins; no rule, no rows. A rule that cannot
be compiled fails closed: who has it sees nothing, and the log names the rule.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from archive.documents.models import AccessRule
from archive.documents.remembering import remembered
from archive.query import QueryError, Values, parse, registry, to_text
from archive.query.fields import NOTHING
from archive.query.to_q import not_false_q, true_q
from archive.query.tree import Node, comparisons

logger = logging.getLogger(__name__)
PERMISSION = "archive.search_communications"


class RuleError(ValueError):
    """An access rule's expression cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its tree."""

    row: AccessRule
    tree: Node


def check_expression(expression: str) -> str:
    """Return the canonical text of an expression.

    Errors: RuleError unless it uses stable fields only: unit, class, index fields, restricted.
    """
    try:
        tree = parse(expression)
        true_q(tree, registry, Values(None))
        for comparison in comparisons(tree):
            if not registry.find(comparison, None).stable:
                raise RuleError(f'"{comparison.field}" may change, so no access rule can be over it.')
    except QueryError as error:
        raise RuleError(error.message) from None
    return to_text(tree)


@remembered(lambda user: getattr(user, "pk", None))
def visible_q(user: Any) -> Q:
    """Return the condition on communications that a user may see.

    Shapes: being an administrator gives no content by itself; inactive and unknown users see nothing.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active or not _may_search(user):
        return NOTHING
    allowed: list[Q] = []
    denied: list[Q] = []
    for rule in AccessRule.objects.filter(group__user=user).order_by("pk"):
        try:
            tree = parse(rule.expression)
            if rule.effect == AccessRule.Effect.ALLOW:
                allowed.append(true_q(tree, registry, Values(None)))
            else:
                denied.append(not_false_q(tree, registry, Values(None)))
        except QueryError:
            logger.error("Access rule %s cannot be compiled; its group %s sees nothing.", rule.pk, rule.group_id)
            return NOTHING
    if not allowed:
        return NOTHING
    condition = reduce(or_, allowed)
    for deny in denied:
        condition &= ~deny
    return condition


@remembered(lambda user: getattr(user, "pk", None))
def rules_of(user: Any) -> list[Rule]:
    """Return the rules of a user's groups that can be read."""
    rules: list[Rule] = []
    for row in AccessRule.objects.filter(group__user=user).select_related("group").order_by("-effect", "pk"):
        try:
            rules.append(Rule(row, parse(row.expression)))
        except QueryError:
            continue
    return rules


def _may_search(user: Any) -> bool:
    """Ask for the permission through groups only: a superuser's blanket yes gives no content."""
    app, _, codename = PERMISSION.partition(".")
    if user.is_superuser:
        return bool(
            user.groups.filter(permissions__codename=codename, permissions__content_type__app_label=app).exists()
        )
    return bool(user.has_perm(PERMISSION))
