"""What an expression of a k6 script is worth without running it.

Literals become JSON values, except that all text is a `Text`. What cannot be seen becomes `Unseen`, with its code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.imports.secret_texts import free_text_looks_secret

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 60
_LONGEST_CODE = 40
_STRICT = {"true": True, "false": False, "null": None, "undefined": None}
_UUID = re.compile(r"(?:\w+\.)?(?:uuidv4|randomUUID)\(\)")
_NOW = re.compile(r"new Date\(\)\.toISOString\(\)|new Date\(Date\.now\(\)\)\.toISOString\(\)")
_SEQ = re.compile(r"__ITER|__VU|(?:\w+\.)?scenario\.iterationInTest|(?:\w+\.)?vu\.idInTest")
_BETWEEN = re.compile(r"(?:\w+\.)?randomIntBetween\(\s*[01]\s*,\s*(\d{1,9})\s*\)")
_RANDOM = re.compile(
    r"Math\.(?:floor|ceil|round|trunc)\(\s*Math\.random\(\)\s*\*\s*(\d{1,9})\s*\)(?:\s*\+\s*1)?"
)
_MODULO = re.compile(r"\(?\s*(?:__ITER|__VU)\s*%\s*(\d{1,9})\s*\)?(?:\s*\+\s*1)?")

_CHANGING = {
    "assignment_expression": "left",
    "augmented_assignment_expression": "left",
    "update_expression": "argument",
    "for_in_statement": "left",
    "arrow_function": "parameter",
    "formal_parameters": "",
}


@dataclass(frozen=True, slots=True)
class Unseen:
    code: str


@dataclass(frozen=True, slots=True)
class Env:
    """An environment variable that the script reads, and the value it takes otherwise."""

    name: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A name that midnight fills in, such as `{item}`, which is a number up to `most`."""

    name: str
    most: int = 1


Piece = str | Unseen | Env | Filled


@dataclass(frozen=True, slots=True)
class Text:
    pieces: tuple[Piece, ...]

    @property
    def plain(self) -> str | None:
        """The text, if all of it is seen."""
        found = [each for each in self.pieces if isinstance(each, str)]
        return "".join(found) if len(found) == len(self.pieces) else None


def code(node: Node) -> str:
    """The source of a node, on one line."""
    return " ".join((node.text or b"").decode(errors="replace").split())


def shown(node: Node) -> str:
    """The source of a node as a note may show it."""
    text = code(node)
    if free_text_looks_secret(text):
        return "an expression with a secret"
    return text if len(text) <= _LONGEST_CODE else f"{text[: _LONGEST_CODE - 3]}..."


def unseen(node: Node) -> Unseen:
    return Unseen(shown(node))


class Values:
    """Evaluates expressions of one script. A name has the value of its only declaration."""

    def __init__(self, root: Node) -> None:
        self._declared: dict[str, Node] = {}
        times, changed = Counter[str](), set[str]()
        for node in walk(root):
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if node.type == "variable_declarator" and name is not None and name.type == "identifier":
                times[code(name)] += 1
                if value is not None:
                    self._declared[code(name)] = value
            changed |= set(_changed(node))
        for twice in [each for each in self._declared if times[each] > 1 or each in changed]:
            del self._declared[twice]

    def of(self, node: Node | None, deep: int = 0) -> Any:
        if node is None or deep > _DEEPEST:
            return Unseen("") if node is None else unseen(node)
        if (filled := _filled(node)) is not None:
            return filled
        found = getattr(self, f"_{node.type}", None)
        if found is not None:
            return found(node, deep + 1)
        return _STRICT[node.type] if node.type in _STRICT else unseen(node)

    def declared(self, name: str) -> Node | None:
        return self._declared.get(name)

    def _identifier(self, node: Node, deep: int) -> Any:
        declared = self._declared.get(code(node))
        if declared is None:
            return _STRICT.get(code(node), unseen(node))
        found = self.of(declared, deep + 20)
        return unseen(node) if isinstance(found, Unseen) else found

    def _parenthesized_expression(self, node: Node, deep: int) -> Any:
        return self.of(next(iter(node.named_children), None), deep)

    def _string(self, node: Node, _: int) -> Any:
        return Text((_unescaped(node),)) if node.named_children else Text(("",))

    def _template_string(self, node: Node, deep: int) -> Any:
        pieces: list[Piece] = []
        for child in node.named_children:
            if child.type == "template_substitution":
                pieces += _pieces(self.of(next(iter(child.named_children), None), deep))
            else:
                pieces.append(_escape(child))
        return _text(pieces)

    def _number(self, node: Node, _: int) -> Any:
        try:
            text = code(node).replace("_", "").lower()
            number = int(text, 0) if re.fullmatch(r"0[xbo]\w+|\d+", text) else float(text)
        except ValueError:
            return unseen(node)
        return number if abs(number) < 1e300 else unseen(node)

    def _unary_expression(self, node: Node, deep: int) -> Any:
        value = self.of(node.child_by_field_name("argument"), deep)
        sign = code(node)[:1]
        if sign in "+-" and isinstance(value, int | float) and not isinstance(value, bool):
            return -value if sign == "-" else value
        return unseen(node)

    def _binary_expression(self, node: Node, deep: int) -> Any:
        operator = node.child_by_field_name("operator")
        left = self.of(node.child_by_field_name("left"), deep)
        right = self.of(node.child_by_field_name("right"), deep)
        sign = "" if operator is None else operator.type
        if sign in ("||", "??") and isinstance(left, Env | Text):
            env = left if isinstance(left, Env) else left.pieces[0] if len(left.pieces) == 1 else None
            return Env(env.name, right) if isinstance(env, Env) else left
        if sign == "+" and (isinstance(left, Text) or isinstance(right, Text)):
            return _text([*_pieces(left), *_pieces(right)])
        numbers = [each for each in (left, right) if isinstance(each, int | float)]
        if len(numbers) == 2 and sign in ("+", "-", "*"):
            return {"+": left + right, "-": left - right, "*": left * right}[sign]
        return unseen(node)

    def _member_expression(self, node: Node, deep: int) -> Any:
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if holder is None or name is None:
            return unseen(node)
        if code(holder) == "__ENV":
            return Env(code(name))
        value = self.of(holder, deep)
        return value.get(code(name), unseen(node)) if isinstance(value, dict) else unseen(node)

    def _subscript_expression(self, node: Node, deep: int) -> Any:
        holder = node.child_by_field_name("object")
        index = self.of(node.child_by_field_name("index"), deep)
        if holder is not None and code(holder) == "__ENV" and isinstance(index, Text) and index.plain:
            return Env(index.plain)
        return unseen(node)

    def _array(self, node: Node, deep: int) -> Any:
        return [self.of(each, deep) for each in node.named_children if each.type != "comment"]

    def _object(self, node: Node, deep: int) -> Any:
        found: dict[str, Any] = {}
        for child in node.named_children:
            if child.type == "pair":
                key = child.child_by_field_name("key")
                found[_key(key)] = self.of(child.child_by_field_name("value"), deep)
            elif child.type == "shorthand_property_identifier":
                found[code(child)] = self._identifier(child, deep)
            elif child.type == "spread_element":
                inner = self.of(next(iter(child.named_children), None), deep)
                found |= inner if isinstance(inner, dict) else {code(child): unseen(child)}
        return found

    def _call_expression(self, node: Node, deep: int) -> Any:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        given = [] if arguments is None else arguments.named_children
        name = "" if function is None else code(function)
        if name in ("String", "Object.freeze") and len(given) == 1:
            return self.of(given[0], deep)
        if name.endswith(".toString") and function is not None and not given:
            inner = self.of(function.child_by_field_name("object"), deep)
            return inner if isinstance(inner, Filled | Text) else unseen(node)
        return unseen(node)


def _changed(node: Node) -> Iterator[str]:
    """The names that have another value after this node, or inside it."""
    field = _CHANGING.get(node.type)
    part = node if field == "" else node.child_by_field_name(field) if field else None
    if part is None:
        return
    if part.type in ("formal_parameters", "array_pattern", "object_pattern"):
        kinds = ("identifier", "shorthand_property_identifier_pattern")
        yield from (code(each) for each in walk(part) if each.type in kinds)
    else:
        yield code(part)


def walk(root: Node) -> Iterator[Node]:
    """Every node, in the order of the text; without recursion, for scripts nested absurdly deep."""
    below = [root]
    while below:
        node = below.pop()
        yield node
        below += reversed(node.named_children)


def _filled(node: Node) -> Filled | None:
    if node.type not in ("identifier", "call_expression", "binary_expression", "member_expression"):
        return None
    text = code(node)
    for pattern, name in ((_UUID, "{uuid}"), (_NOW, "{now}"), (_SEQ, "{seq}")):
        if pattern.fullmatch(text):
            return Filled(name)
    found = _BETWEEN.fullmatch(text) or _RANDOM.fullmatch(text) or _MODULO.fullmatch(text)
    return Filled("{item}", max(1, int(found[1]))) if found else None


def _key(node: Node | None) -> str:
    if node is None:
        return ""
    return _unescaped(node) if node.type == "string" else code(node)


def _unescaped(node: Node) -> str:
    return "".join(_escape(each) for each in node.named_children)


def _escape(node: Node) -> str:
    text = (node.text or b"").decode(errors="replace")
    if node.type != "escape_sequence":
        return text
    body = text[1:]
    if body.startswith("u{"):
        return chr(min(0x10FFFF, int(body[2:-1] or "0", 16)))
    if body[:1] in ("u", "x") and len(body) > 1:
        return chr(int(body[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}.get(
        body, body
    )


def _pieces(value: Any) -> list[Piece]:
    if isinstance(value, Text):
        return list(value.pieces)
    if isinstance(value, Env | Unseen | Filled):
        return [value]
    if isinstance(value, str):
        return [value]
    return (
        [json.dumps(value)] if isinstance(value, int | float | bool) or value is None else [Unseen("[...]")]
    )


def _text(pieces: list[Piece]) -> Text:
    """Neighbouring strings are joined."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, str) and isinstance(last, str):
            found[-1] = last + piece
        else:
            found.append(piece)
    return Text(tuple(found))
