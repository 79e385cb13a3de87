"""The tree that a query is read into and every engine compiles: its nodes, text, binding and free parts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """One free word as typed, case kept, or one value of a field."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """An exact phrase, unstemmed: what stood between the quotation marks."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """`child` within one field: title, abstract, author, cat, id, comment, journal or doi.

    `child` is a Word or Phrase, or And/Or/Not of those, itself no Not. Words of `cat` are category names with
    the alias resolved, or a whole archive (`cs.*`); words of `id` are arXiv ids without version.
    """

    name: str
    child: "Node"


@dataclass(frozen=True, slots=True)
class Range:
    """First published from `start` to `end`, both inclusive; None is open."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts, none of which is an And."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more parts, none of which is an Or."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Papers without `child`, which is no Not."""

    child: "Node"


Node: TypeAlias = Word | Phrase | Field | Range | And | Or | Not


def binding_and_free(tree: Node | None) -> tuple[Node | None, tuple[Node, ...]]:
    """The part every paper has to satisfy, and the parts matched by meaning too.

    Free are the words at the top and the groups made only of words; phrases, fields, dates, exclusions and
    groups that hold one of these bind.
    """
    parts = tree.children if isinstance(tree, And) else () if tree is None else (tree,)
    return join(And, [part for part in parts if not _is_free(part)]), tuple(filter(_is_free, parts))


def words_of(node: Node | None) -> tuple[str, ...]:
    """The words in titles and abstracts that the query wants, in order; none that is excluded."""
    match node:
        case Word(text) | Phrase(text):
            return tuple(text.split())
        case Field(name, child) if name in {"title", "abstract"}:
            return words_of(child)
        case And(children) | Or(children):
            return tuple(word for child in children for word in words_of(child))
    return ()


def map_written(node: Node, change: Callable[[Word | Phrase, str], Node], field: str = "") -> Node:
    """The tree with each word and phrase that titles and abstracts are searched for changed; excluded ones stay.

    change: is told the field that a part stands in too, empty outside of any.
    """
    match node:
        case Word() | Phrase():
            return change(node, field)
        case Field(name, child) if name in {"title", "abstract"}:
            return replace(node, child=map_written(child, change, name))
        case And(children) | Or(children):
            return join(type(node), [map_written(child, change, field) for child in children]) or node
    return node


def to_text(node: Node | None) -> str:
    """The query for a tree, in its one canonical spelling.

    `parse` of it gives an equal tree again, for every tree that came from `parse`, as long as the text is not
    longer than `MAX_QUERY_LENGTH`.
    """
    match node:
        case Word(text):
            return text
        case Phrase(text):
            return f'"{text}"'
        case Field(name, child):
            return f"{name}:{_grouped(child)}"
        case Range(start, end):
            return f"date:{start}" if start and start == end else f"date:{start or ''}..{end or ''}"
        case And(children):
            return " ".join(map(to_text, children))
        case Or(children):
            return " OR ".join(f"({to_text(p)})" if isinstance(p, And) else to_text(p) for p in children)
        case Not(child):
            return f"-{_grouped(child)}"
    return ""


def _grouped(node: Node) -> str:
    return f"({to_text(node)})" if isinstance(node, And | Or) else to_text(node)


def _is_free(node: Node) -> bool:
    return isinstance(node, Word) or (isinstance(node, And | Or) and all(map(_is_free, node.children)))


def join(kind: type[And] | type[Or], parts: Iterable[Node | None]) -> Node | None:
    """All or any of `parts` as `kind` says, flat; a single part stays itself, no part at all is None."""
    flat: list[Node] = []
    for part in parts:
        if part is not None:
            flat += part.children if isinstance(part, And | Or) and isinstance(part, kind) else [part]
    return kind(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def negate(node: Node) -> Node:
    """`node` excluded; twice is not at all."""
    return node.child if isinstance(node, Not) else Not(node)
