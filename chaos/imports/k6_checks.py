"""What a k6 script checks of an answer. A check belongs to the request whose answer its variable holds there."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.imports.k6_values import code, shown, walk
from chaos.imports.secret_texts import value_looks_secret

if TYPE_CHECKING:
    from tree_sitter import Node

LOOPS = ("for_statement", "for_in_statement", "while_statement", "do_statement")
_FUNCTIONS = ("arrow_function", "function_expression", "function_declaration", "method_definition")
_BLOCKS = ("program", "statement_block", "switch_body", "for_statement", "for_in_statement", *_FUNCTIONS)
_BRANCHING = ("if_statement", "else_clause", "switch_case", "switch_default", "catch_clause", *LOOPS)
_AROUND = ("await_expression", "parenthesized_expression")
_STATUS = re.compile(r"\.status\s*={2,3}\s*(\d{3})\b|\b(\d{3})\s*={2,3}\s*\w+\.status\b")
_AMONG = re.compile(r"\[([\d\s,]+)\]\.includes\(\s*\w+\.status\s*\)")
_CONTAINS = re.compile(r"\.body\.includes\(\s*(['\"])((?:(?!\1)[^\\])+)\1\s*\)")


@dataclass(frozen=True, slots=True)
class Expected:
    """Statuses, texts in the body, and notes about checks that are not taken over."""

    statuses: tuple[int, ...]
    contains: tuple[str, ...]
    notes: tuple[str, ...]


class Checks:
    def __init__(self, root: Node) -> None:
        self._checks: dict[str, list[Node]] = {}  # by the variable that is checked: arguments
        self._writes: dict[str, list[Node]] = {}
        self._declared = set[tuple[int, str]]()  # block and name
        self._branches: dict[int, Node] = {}
        self._end = root.end_byte
        self._scopes: dict[tuple[int, str], int | None] = {}
        for node in walk(root):
            self._found(node)

    def of(self, call: Node) -> Expected:
        statuses, contains, unread = set[int](), list[str](), list[str]()
        for pair in self._conditions(call):
            text = code(pair)
            seen = _statuses(text)
            found = [each[1] for each in _CONTAINS.findall(text) if not value_looks_secret("", each[1])]
            statuses |= seen
            contains += found
            if not (seen or found):
                unread.append(shown(pair))
        notes = tuple(f"a check that is not taken over: {each}" for each in unread)
        return Expected(
            tuple(sorted(each for each in statuses if 100 <= each <= 599)), tuple(contains), notes
        )

    def _found(self, node: Node) -> None:
        arguments = node.child_by_field_name("arguments") if _calls(node, "check") else None
        if arguments is not None and arguments.named_children:
            self._checks.setdefault(code(arguments.named_children[0]), []).append(arguments)
        if (name := _written(node)) is not None:
            self._writes.setdefault(name, []).append(node)
        self._declared |= {(block.id, each) for block, part in _declarations(node) for each in _names(part)}

    def _conditions(self, call: Node) -> Iterator[Node]:
        at = call
        while (holder := at.parent) is not None and holder.type in _AROUND:
            at = holder
        if holder is None:
            return
        if holder.type == "arguments" and _calls(holder.parent, "check") and holder.named_children[0] == at:
            yield from _pairs(holder)
        name = _written(holder)
        if name is not None and at in (
            holder.child_by_field_name("value"),
            holder.child_by_field_name("right"),
        ):
            for arguments in self._held(name, holder):
                yield from _pairs(arguments)

    def _held(self, name: str, write: Node) -> Iterator[Node]:
        """The checks of a variable where it has the value of this assignment."""
        scope, end = self._scope(name, write), self._end
        sometimes: list[Node] = []
        for other in self._after(self._writes, name, write.end_byte):
            if self._scope(name, other) == scope:
                branch = self._branch(other)
                if _within(write, branch):
                    end = other.start_byte
                    break
                sometimes.append(other)
        for check in self._after(self._checks, name, write.end_byte):
            if check.start_byte >= end:
                return
            if self._scope(name, check) == scope and not any(
                other.end_byte <= check.start_byte and _within(check, self._branch(other))
                for other in sometimes
            ):
                yield check

    def _after(self, found: dict[str, list[Node]], name: str, byte: int) -> Iterator[Node]:
        """Those of a name that begin here or later."""
        nodes = found.get(name, [])
        for number in range(bisect_left(nodes, byte, key=lambda each: each.start_byte), len(nodes)):
            yield nodes[number]

    def _branch(self, node: Node) -> Node:
        if node.id not in self._branches:
            self._branches[node.id] = _branch(node)
        return self._branches[node.id]

    def _scope(self, name: str, node: Node) -> int | None:
        """The block that declares what a name means here."""
        if (node.id, name) not in self._scopes:
            self._scopes[node.id, name] = next(
                (each.id for each in _upwards(node) if (each.id, name) in self._declared), None
            )
        return self._scopes[node.id, name]


def _statuses(text: str) -> set[int]:
    found = {int(one or other) for one, other in _STATUS.findall(text)}
    return found.union(
        *({int(each) for each in re.findall(r"\d{3}", listed)} for listed in _AMONG.findall(text))
    )


def _upwards(node: Node) -> Iterator[Node]:
    at: Node | None = node
    while at is not None:
        yield at
        at = at.parent


def _calls(node: Node | None, name: str) -> bool:
    function = (
        node.child_by_field_name("function") if node is not None and node.type == "call_expression" else None
    )
    return function is not None and code(function) == name


def _pairs(arguments: Node) -> list[Node]:
    found = [each for each in arguments.named_children if each.type == "object"]
    return [pair for each in found[:1] for pair in each.named_children if pair.type == "pair"]


def _written(node: Node) -> str | None:
    """The variable that an assignment, or a declaration with a value, gives a value."""
    if node.type == "variable_declarator" and node.child_by_field_name("value") is not None:
        name = node.child_by_field_name("name")
    else:
        name = node.child_by_field_name("left") if node.type == "assignment_expression" else None
    return code(name) if name is not None and name.type == "identifier" else None


def _declarations(node: Node) -> Iterator[tuple[Node, Node]]:
    """What declares names, with the block that they are known in."""
    if node.type == "variable_declarator" and (name := node.child_by_field_name("name")) is not None:
        yield _block(node), name
    for field in ("parameters", "parameter") if node.type in _FUNCTIONS else ():
        if (part := node.child_by_field_name(field)) is not None:
            yield node, part


def _names(part: Node) -> Iterator[str]:
    kinds = ("identifier", "shorthand_property_identifier_pattern")
    return (code(each) for each in walk(part) if each.type in kinds)


def _block(node: Node) -> Node:
    at = node
    while at.type not in _BLOCKS and at.parent is not None:
        at = at.parent
    return at


def _branch(node: Node) -> Node:
    """The largest part of the script that is run whenever this is; `group` runs its function."""
    at = node
    while (parent := at.parent) is not None:
        condition = parent.type == "if_statement" and parent.child_by_field_name("condition") == at
        if parent.type in _BRANCHING and not condition:
            return at
        if parent.type in _FUNCTIONS and not _grouped(parent):
            return at
        at = parent
    return at


def _grouped(function: Node) -> bool:
    arguments = function.parent
    return arguments is not None and arguments.type == "arguments" and _calls(arguments.parent, "group")


def _within(node: Node, part: Node) -> bool:
    return part.start_byte <= node.start_byte and node.end_byte <= part.end_byte
