"""k6 scripts: the requests that can be seen without running them. Nothing is run, and nothing is guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaos.errors import ToolMissing
from chaos.imports import k6_checks, k6_options
from chaos.imports.imported import Imported, ImportedRoute
from chaos.imports.k6_routes import Call, JsonText, Routed, base_of
from chaos.imports.k6_values import Env, Text, Values, code, walk
from chaos.imports.source import Source
from chaos.imports.withheld import Withheld

if TYPE_CHECKING:
    from tree_sitter import Node

WHAT = "a k6 script"
_METHODS = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "del": "DELETE",
    "head": "HEAD",
    "options": "OPTIONS",
}
_BODILESS = ("get", "head")
_EQUAL = "each call counts once: a script's loops, conditions and scenarios decide how often it really runs"


def read(source: Source, base_url: str | None = None) -> Imported:
    """Raises FileError for what is not a k6 script, ToolMissing without the parser."""
    root = _parsed(source)
    reading = _Reading(root)
    if not reading.name:
        raise source.refused(f"not {WHAT}: it does not import k6/http")
    routes = reading.routes()
    if not routes:
        raise source.refused(f"has no request whose address can be seen{reading.unseen_shown()}")
    rates = k6_options.Rates(reading.values)
    bases = Counter(filter(None, map(base_of, reading.bases)))
    chosen = base_url.rstrip("/") if base_url else next(iter(bases), None)
    others = [f"{host} ({count} calls)" for host, count in bases.items() if host != chosen]
    return Imported(
        "k6",
        source.shown,
        tuple(routes),
        chosen,
        night=rates.night,
        day=rates.day,
        secrets=reading.withheld.used,
        notes=(
            _EQUAL,
            *rates.notes,
            *([f"calls of other hosts are taken for this one: {', '.join(others)}"] if others else []),
            *(f"address not known without running the script: {each}" for each in reading.unseen),
        ),
    )


def _parsed(source: Source) -> Node:
    text = source.text(WHAT)
    try:
        import tree_sitter_javascript
        from tree_sitter import Language, Parser
    except ImportError:
        remedy = "type: pip install 'midnight-chaos[k6]'"
        raise ToolMissing("tree-sitter-javascript", "is needed to read k6 scripts", remedy) from None
    root = Parser(Language(tree_sitter_javascript.language())).parse(text.encode(errors="replace")).root_node
    if root.has_error:
        raise source.refused(f"not {WHAT}: it is not JavaScript", _first_error(root).start_point[0] + 1)
    return root


def _first_error(root: Node) -> Node:
    node = root
    while not (node.is_error or node.is_missing):
        below = next((each for each in node.children if each.has_error), None)
        if below is None:
            break
        node = below
    return node


class _Reading:
    def __init__(self, root: Node) -> None:
        self._root, self.values, self.withheld = root, Values(root), Withheld()
        self.name, self._checks = next(_imported_as(root), ""), k6_checks.Checks(root)
        self.unseen: list[str] = []
        self.bases: list[str | Env | None] = []

    def routes(self) -> list[ImportedRoute]:
        """Calls with the same method and path are one route, with their number as its weight."""
        found: dict[tuple[str, str, str], ImportedRoute] = {}
        for call in self._calls():
            routed = Routed(call, self.withheld)
            route = routed.route()
            if route is None:
                self.unseen.append(
                    f"line {call.line}, {call.method} {getattr(call.url, 'code', '') or '`...`'}"
                )
                continue
            self.bases.append(routed.base)
            before = found.get(route.identity)
            if before is None:
                found[route.identity] = route
            else:
                statuses = tuple(sorted({*before.statuses, *route.statuses}))
                found[route.identity] = replace(before, weight=before.weight + 1, statuses=statuses)
        return list(found.values())

    def unseen_shown(self) -> str:
        return f": {self.unseen[0]}" if self.unseen else ""

    def _calls(self) -> Iterator[Call]:
        for node in walk(self._root):
            function = node.child_by_field_name("function") if node.type == "call_expression" else None
            if function is None or not code(function).startswith(f"{self.name}."):
                continue
            method = code(function).removeprefix(f"{self.name}.")
            arguments = node.child_by_field_name("arguments")
            given = [each for each in arguments.named_children if each.type != "comment"] if arguments else []
            for call in self._of(method, given, node.start_point[0] + 1):
                found = self._checks.of(node)
                notes = (*found.notes, *_surrounded(node))
                yield replace(call, statuses=found.statuses, contains=found.contains, notes=notes)

    def _of(self, method: str, given: list[Node], line: int) -> Iterator[Call]:
        values = [self._argument(each) for each in given] + [None] * 4
        if method in _METHODS:
            body, params = (None, values[1]) if method in _BODILESS else (values[1], values[2])
            yield Call(_METHODS[method], values[0], body, params, line)
        elif method in ("request", "asyncRequest"):
            yield Call(_method(values[0]), values[1], values[2], values[3], line)
        elif method == "batch":
            yield from self._batch(given[0] if given else None, line)

    def _batch(self, node: Node | None, line: int) -> Iterator[Call]:
        if node is not None and node.type == "identifier":
            node = self.values.declared(code(node))
        children = node.named_children if node is not None and node.type in ("array", "object") else []
        if not children:
            self.unseen.append(f"line {line}, batch")
        for child in children:
            each = child.child_by_field_name("value") if child.type == "pair" else child
            if each is None or each.type == "comment":
                continue
            value = self.values.of(each)
            if each.type == "array":
                parts = [self._argument(part) for part in each.named_children] + [None] * 4
                yield Call(_method(parts[0]), parts[1], parts[2], parts[3], each.start_point[0] + 1)
            elif isinstance(value, dict):
                body = next((self._argument(pair) for pair in _pairs(each, "body")), None)
                yield Call(
                    _method(value.get("method", Text(("GET",)))),
                    value.get("url"),
                    body,
                    value.get("params"),
                    line,
                )
            else:
                yield Call("GET", value, None, None, each.start_point[0] + 1)

    def _argument(self, node: Node) -> Any:
        """The value, with what JSON.stringify is given kept apart."""
        at: Node | None = node
        if node.type == "identifier":
            at = self.values.declared(code(node)) or node
        function = (
            at.child_by_field_name("function") if at is not None and at.type == "call_expression" else None
        )
        arguments = at.child_by_field_name("arguments") if at is not None else None
        if function is not None and code(function) == "JSON.stringify" and arguments is not None:
            return JsonText(self.values.of(next(iter(arguments.named_children), None)))
        return self.values.of(node)


def _pairs(node: Node, key: str) -> Iterator[Node]:
    for pair in node.named_children:
        name, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and name is not None and value is not None and code(name).strip("'\"") == key:
            yield value


def _method(value: Any) -> str:
    plain = value.plain if isinstance(value, Text) else None
    return plain.upper() if plain and plain.isalpha() else "GET"


def _surrounded(node: Node) -> Iterator[str]:
    at = node.parent
    while at is not None:
        if at.type in k6_checks.LOOPS:
            yield "called in a loop: give it a weight in the mix"
            return
        if at.type in ("if_statement", "switch_case", "ternary_expression"):
            yield "called only sometimes: give it a weight in the mix"
            return
        at = at.parent


def _imported_as(root: Node) -> Iterator[str]:
    """The name under which the script uses k6/http."""
    for node in root.named_children:
        text = code(node)
        if node.type == "import_statement" and re.search(r"['\"]k6/http['\"]", text):
            found = re.search(r"import\s+(?:\*\s+as\s+)?(\w+)", text)
            yield found[1] if found else "http"
        elif found := re.search(r"(?:const|let|var)\s+(\w+)\s*=\s*require\(['\"]k6/http['\"]\)", text):
            yield found[1]
