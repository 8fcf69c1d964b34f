"""Values that fit a schema: those that the document gives, else made from type, format and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from chaos.imports.imported import literal
from chaos.imports.openapi_document import Document
from chaos.imports.withheld import Withheld

_DEEPEST = 12
_MOST_ITEMS, _LONGEST_FILL = 20, 4000
_TEXTS = {
    "uuid": "{uuid}",
    "date-time": "{now}",
    "email": "user-{seq}@example.com",
    "idn-email": "user-{seq}@example.com",
    "date": "2026-01-31",
    "time": "23:59:59Z",
    "duration": "PT1M",
    "uri": "https://example.com/{seq}",
    "url": "https://example.com/{seq}",
    "uri-reference": "/{seq}",
    "iri": "https://example.com/{seq}",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "bWlkbmlnaHQ=",
    "binary": "midnight",
    "json-pointer": "/a",
    "regex": "^a$",
}
_UNIQUE = "midnight {seq}"
_UNIQUE_LENGTH = 25  # of the text above, its number filled in


class Examples:
    """Values for one operation, and notes about what had to be made up."""

    def __init__(self, document: Document, withheld: Withheld) -> None:
        self._document, self._withheld = document, withheld
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def note(self, text: str) -> None:
        self._notes[text] = None

    def schema(self, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema of a parameter; Swagger 2 has it in the parameter itself."""
        content = self._document.mapping(parameter.get("content"))
        inner = self._document.mapping(next(iter(content.values()), None))
        given = parameter.get("schema", inner.get("schema"))
        return self.whole(self._document.mapping(given) if given is not None else parameter)

    def given(self, holder: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
        """The value that the document itself gives; None if there is none."""
        for each in (holder, schema):
            if "example" in each:
                return each["example"]
            examples = each.get("examples")
            if isinstance(examples, dict) and examples:
                return self._document.mapping(next(iter(examples.values()))).get("value")
            if isinstance(examples, list) and examples:
                return examples[0]
            for key in ("const", "default"):
                if key in each:
                    return each[key]
        listed = schema.get("enum")
        return listed[0] if isinstance(listed, list) and listed else None

    def parameter(self, parameter: Mapping[str, Any]) -> Any:
        """The text of a query, header or cookie parameter, or a reference to a secret."""
        name, schema = str(parameter.get("name")), self.schema(parameter)
        given = self.given(parameter, schema)
        value = self.value(schema, name, 0) if given is None else self._written(given, name)
        if isinstance(value, list):
            value = value[0] if value else ""
        if isinstance(value, bool):
            return str(value).lower()
        return value if isinstance(value, dict) and "secret" in value else str(value)

    def of(self, holder: Mapping[str, Any], name: str = "") -> Any:
        """The value of a media type: `schema`, with `example` or `examples` beside it."""
        schema = self.whole(self._document.mapping(holder.get("schema")))
        given = self.given(holder, {}) if {"example", "examples"} & holder.keys() else None
        return self.value(schema, name, 0) if given is None else self._written(given, name)

    def whole(self, schema: Mapping[str, Any], deep: int = 0) -> Mapping[str, Any]:
        """The schema with its `allOf` joined and the first of its alternatives taken."""
        found = dict(self._document.mapping(schema))
        if deep > _DEEPEST:
            return found
        parts = found.pop("allOf", None)
        for part in parts if isinstance(parts, list) else ():
            found = _both(found, self.whole(self._document.mapping(part), deep + 1))
        for key in ("oneOf", "anyOf"):
            choices = found.pop(key, None)
            kinds = [self._document.mapping(each) for each in choices] if isinstance(choices, list) else []
            kinds = [each for each in kinds if each.get("type") != "null"]
            if kinds:
                found = _both(found, self.whole(kinds[0], deep + 1))
        return found

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        found = self._document.mapping(schema.get("properties"))
        return {str(name): self.whole(self._document.mapping(each)) for name, each in found.items()}

    def value(self, schema: Mapping[str, Any], name: str, deep: int) -> Any:
        schema = self.whole(schema)
        given = self.given({}, schema)
        if given is not None:
            return self._written(given, name)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, deep)
        if kind == "array":
            return self._array(schema, name, deep)
        if kind == "integer":
            return math.ceil(_number(schema, 1))
        if kind == "number":
            return _number(schema, 0)
        if kind == "boolean":
            return True
        return self._text(schema, name) if kind == "string" else None

    def _object(self, schema: Mapping[str, Any], deep: int) -> Any:
        if deep >= _DEEPEST:
            self.note("its schema contains itself: cut off, complete it by hand")
            return {}
        properties = self._document.mapping(schema.get("properties"))
        required = schema.get("required")
        wanted = [str(each) for each in required] if isinstance(required, list) else list(properties)
        found = {}
        for name in wanted:
            inner = self.whole(self._document.mapping(properties.get(name)))
            if inner.get("readOnly") is not True and (
                inner or name in properties or isinstance(required, list)
            ):
                found[literal(name)] = self.value(inner or {"type": "string"}, name, deep + 1)
        return found

    def _array(self, schema: Mapping[str, Any], name: str, deep: int) -> list[Any]:
        if deep >= _DEEPEST:
            return []
        least = schema.get("minItems")
        count = min(_MOST_ITEMS, max(1, least)) if isinstance(least, int) else 1
        return [self.value(self._document.mapping(schema.get("items")), name, deep + 1) for _ in range(count)]

    def _text(self, schema: Mapping[str, Any], name: str) -> Any:
        form = str(schema.get("format", ""))
        if form == "password":
            return {"secret": self._withheld.reference(name or "password", "", f"body: {name}")}
        if form in _TEXTS:
            return self._checked(_TEXTS[form], name)
        if "pattern" in schema:
            self.note(f"{name or 'a text'} must match a pattern: write one that does")
        least, most = _length(schema.get("minLength")), _length(schema.get("maxLength"))
        if most is not None and most < _UNIQUE_LENGTH:
            return self._checked("midnight midnight midnight"[: max(most, least or 0)], name)
        return self._checked(_UNIQUE + "." * min(_LONGEST_FILL, max(0, (least or 0) - 10)), name)

    def _written(self, given: Any, name: str) -> Any:
        """What the document gives, as it is written into a target file."""
        return self._withheld.document(_plain(given), "body", name)

    def _checked(self, text: str, name: str) -> Any:
        """The text, unless the name of its key calls for a secret."""
        kept = self._withheld.document(literal(text), "body", name)
        return kept if isinstance(kept, dict) else text


def _plain(given: Any) -> Any:
    """YAML reads dates as dates, and keys as numbers."""
    if isinstance(given, dict):
        return {str(key): _plain(value) for key, value in given.items()}
    if isinstance(given, list):
        return [_plain(value) for value in given]
    if given is None or isinstance(given, str | int | float | bool):
        return given
    return given.isoformat() if hasattr(given, "isoformat") else str(given)


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = {**other, **one}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        found["properties"] = {**other["properties"], **one["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        found["required"] = [*other["required"], *one["required"]]
    return found


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _number(schema: Mapping[str, Any], step: int) -> float:
    """A number within the bounds: the one nearest to 1 that is a multiple. `step`: between whole numbers."""
    low = _bound(schema.get("minimum"), schema.get("exclusiveMinimum"), step or 0.5)
    high = _bound(schema.get("maximum"), schema.get("exclusiveMaximum"), -(step or 0.5))
    value = max(low, 1) if low is not None else 1
    value = min(high, value) if high is not None else value
    factor = schema.get("multipleOf")
    if _is_number(factor) and factor > 0:
        return math.ceil(value / factor) * factor
    return value


def _bound(limit: object, exclusive: object, step: float) -> float | None:
    """OpenAPI 3.1 has the exclusive limit itself, 3.0 says with `true` that the other is exclusive."""
    if _is_number(exclusive):
        return exclusive + step
    if not _is_number(limit):
        return None
    return limit + step if exclusive is True else limit


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _length(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
