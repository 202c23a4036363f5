"""The tree of a query. Two trees are equal when they mean the same text; where it stood does not count."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty query."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with values.

    Shapes: `op` is one of `in` (any of the values), `prefix` (one value), `range` (two values, either may be empty),
    `<`, `<=`, `>`, `>=` (one value), `any` (has a value; none given).
    """

    field: str
    op: str
    values: tuple[str, ...]
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word; with `prefix`, the beginning of one."""

    text: str
    prefix: bool = False
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order."""

    text: str
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not it; what is unknown stays unknown."""

    child: Node


Node = Everything | Comparison | Word | Phrase | And | Or | Not


def conditions(tree: Node) -> tuple[Node, ...]:
    """Return the conditions that all must hold, in order: what chips and forms show one by one."""
    if isinstance(tree, Everything):
        return ()
    return tree.children if isinstance(tree, And) else (tree,)


def all_of(nodes: tuple[Node, ...]) -> Node:
    """Join conditions, all of which must hold; nested ones are flattened."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(conditions(node))
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def without(tree: Node, index: int) -> Node:
    """Return the tree without its condition of that number."""
    kept = tuple(node for number, node in enumerate(conditions(tree)) if number != index)
    return all_of(kept)


def comparisons(tree: Node) -> tuple[Comparison, ...]:
    """Return every comparison in the tree, in order."""
    if isinstance(tree, Comparison):
        return (tree,)
    if isinstance(tree, And | Or):
        return tuple(found for child in tree.children for found in comparisons(child))
    return comparisons(tree.child) if isinstance(tree, Not) else ()


def words(tree: Node) -> tuple[str, ...]:
    """Return every bare word and phrase in the tree, in order, without the beginnings of words."""
    if isinstance(tree, Word):
        return () if tree.prefix else (tree.text,)
    if isinstance(tree, Phrase):
        return (tree.text,)
    if isinstance(tree, And | Or):
        return tuple(found for child in tree.children for found in words(child))
    return words(tree.child) if isinstance(tree, Not) else ()
