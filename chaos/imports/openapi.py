"""OpenAPI 3.0 and 3.1, and Swagger 2: each operation as a route with an example of what it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeGuard
from urllib.parse import quote

from chaos.imports import openapi_bodies, openapi_security
from chaos.imports.imported import NO_BODY, Imported, ImportedRoute, Request
from chaos.imports.openapi_document import Document
from chaos.imports.openapi_examples import Examples
from chaos.imports.source import Source
from chaos.imports.templates import ITEM, SAFE, UUID
from chaos.imports.withheld import Withheld

WHAT = "an OpenAPI document"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_ITEMS = 100
"""How many numbers a path parameter gets if its schema has no maximum."""

_EQUAL = "the document knows no mix: each route has the weight 1"
_DELETES = "it deletes"
_DEPRECATED = "the document marks it as deprecated"
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_OWN_HEADERS = (
    "accept",
    "content-type",
    "authorization",
    "content-length",
    "host",
    "transfer-encoding",
    "connection",
)


def read(source: Source, base_url: str | None = None) -> Imported:
    """Raises FileError for what is not an OpenAPI document."""
    whole = source.document(WHAT)
    if not isinstance(whole, dict) or not ({"openapi", "swagger"} & whole.keys()):
        raise source.refused(f"not {WHAT}: it has neither `openapi` nor `swagger`")
    document = Document(whole)
    if not document.known:
        raise source.refused(f"is {document.version}: 2.0, 3.0, 3.1 and 3.2 are read")
    reading = _Reading(document)
    routes = list(reading.routes())
    if not routes:
        raise source.refused("describes no operation under `paths`")
    return Imported(
        "openapi",
        source.shown,
        tuple(routes),
        base_url.rstrip("/") if base_url else document.server(),
        secrets=reading.withheld.used,
        notes=(_EQUAL, *document.notes, *reading.security.notes),
    )


class _Reading:
    def __init__(self, document: Document) -> None:
        self._document, self.withheld = document, Withheld()
        self.security = openapi_security.Security(document, self.withheld)

    def routes(self) -> Iterator[ImportedRoute]:
        paths = self._document.mapping(self._document.whole.get("paths"))
        for path, item in paths.items():
            operations = self._document.mapping(item)
            for method in _METHODS:
                operation = operations.get(method)
                if isinstance(operation, dict) and str(path).startswith("/"):
                    yield self._route(method.upper(), str(path), operations, operation)

    def _route(
        self, method: str, path: str, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> ImportedRoute:
        examples = Examples(self._document, self.withheld)
        parameters = self._parameters(item, operation)
        filled, items = _Path(examples, parameters).filled(path)
        request = self._request(examples, parameters, operation, method)
        auth = self.security.of(operation)
        request = replace(
            request,
            headers={**request.headers, **auth.headers},
            query={**request.query, **auth.query},
            cookies={**request.cookies, **auth.cookies},
        )
        off = _DELETES if method == "DELETE" else _DEPRECATED if operation.get("deprecated") is True else ""
        title = operation.get("summary") or operation.get("operationId")
        notes = [*([str(title)] if title else []), *examples.notes, *auth.notes]
        return ImportedRoute(
            method,
            filled,
            1,
            items,
            request,
            self._statuses(operation),
            notes=tuple(dict.fromkeys(notes)),
            off=off,
        )

    def _parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Those of the path, replaced by those of the operation with the same name and place."""
        found = dict[tuple[str, str], Mapping[str, Any]]()
        for listed in (item.get("parameters"), operation.get("parameters")):
            for each in listed if isinstance(listed, list) else ():
                parameter = self._document.mapping(each)
                if parameter:
                    found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
        return list(found.values())

    def _request(
        self,
        examples: Examples,
        parameters: list[Mapping[str, Any]],
        operation: Mapping[str, Any],
        method: str,
    ) -> Request:
        places: dict[str, dict[str, Any]] = {"query": {}, "header": {}, "cookie": {}}
        for each in parameters:
            name, place = str(each.get("name")), str(each.get("in"))
            own = place == "header" and name.lower() in _OWN_HEADERS
            if place in places and not own and (each.get("required") is True or "example" in each):
                places[place][name] = examples.parameter(each)
        body = openapi_bodies.of(self._document, operation, parameters, examples)
        if method in NO_BODY and body.held:
            examples.note(f"{method} with a body: the body is left out")
            body = openapi_bodies.NONE
        headers = {**places["header"], **({"Content-Type": body.kind} if body.kind else {})}
        return Request(places["query"], headers, places["cookie"], body.held)

    def _statuses(self, operation: Mapping[str, Any]) -> tuple[int, ...]:
        """The good answers it documents, by their numbers; none for any 2xx."""
        codes = [str(code) for code in self._document.mapping(operation.get("responses"))]
        good = sorted(int(code) for code in codes if re.fullmatch(r"[23]\d\d", code))
        return tuple(good) if "2XX" not in map(str.upper, codes) else ()


class _Path:
    def __init__(self, examples: Examples, parameters: list[Mapping[str, Any]]) -> None:
        self._examples = examples
        self._known = {str(each.get("name")): each for each in parameters if each.get("in") == "path"}
        self._items = 1

    def filled(self, path: str) -> tuple[str, int]:
        """The path with its parameters filled in, and the numbers that {item} takes."""
        plain, position = [], 0
        for found in _VARIABLE.finditer(path.partition("?")[0]):
            plain += [
                quote(path[position : found.start()], safe="/" + SAFE),
                self._value(found[1]),
            ]
            position = found.end()
        rest = path.partition("?")[0][position:]
        return "".join(plain) + quote(rest, safe="/" + SAFE), self._items

    def _value(self, name: str) -> str:
        parameter = self._known.get(name, {})
        schema = self._examples.schema(parameter)
        kind = schema.get("type")
        given = self._examples.given(parameter, schema)
        if schema.get("format") == "uuid":
            self._examples.note(
                f"{{uuid}} is a new one each time: for a {name} that exists, rows: FILE and {{row.{name}}}"
            )
            return UUID
        if kind in ("integer", "number") or given is None:
            most = schema.get("maximum")
            self._items = max(self._items, int(most) if _whole(most) else _ITEMS)
            if kind not in ("integer", "number"):
                self._examples.note(
                    f"{name} is text without an example: {ITEM} is a guess; rows: FILE has real ones"
                )
            return ITEM
        return quote(str(given), safe="")


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**9
