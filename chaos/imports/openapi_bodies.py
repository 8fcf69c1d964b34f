"""The body of an operation: JSON, a form, a file or text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.imports.openapi_document import Document
from chaos.imports.openapi_examples import Examples

_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Example:
    held: Mapping[str, Any] = field(default_factory=dict)  # as Request.body
    kind: str = ""  # a Content-Type that must be written


NONE = Example()


def of(
    document: Document,
    operation: Mapping[str, Any],
    parameters: list[Mapping[str, Any]],
    examples: Examples,
) -> Example:
    if document.swagger:
        return _swagger(document, operation, parameters, examples)
    content = document.mapping(document.mapping(operation.get("requestBody")).get("content"))
    kind = _chosen([str(each) for each in content])
    if kind is None:
        return NONE
    media = document.mapping(content[kind])
    if kind == _MULTIPART:
        return _file(examples.whole(document.mapping(media.get("schema"))), examples)
    return _body(kind, examples.of(media), examples)


def _chosen(kinds: list[str]) -> str | None:
    """The kind that is written best: JSON, a form, a file, text."""
    order = (
        lambda kind: "json" in kind and "patch" not in kind,
        lambda kind: kind == _FORM,
        lambda kind: kind == _MULTIPART,
        lambda kind: "json" in kind or kind == "*/*",
        lambda kind: kind.startswith("text/"),
        bool,
    )
    return next((kind for fits in order for kind in kinds if fits(kind.partition(";")[0].lower())), None)


def _body(kind: str, value: Any, examples: Examples) -> Example:
    plain = kind.partition(";")[0].strip().lower()
    if "json" in plain or plain == "*/*":
        return Example({"json": value}, "" if plain in (_JSON, "*/*") else plain)
    if plain == _FORM:
        return Example({"form": _flat(value)}) if isinstance(value, dict) else NONE
    if isinstance(value, str):
        return Example({"body": value}, plain)
    examples.note(f"its body is {plain}: write it as body:, or as file: {{path: FILE}}")
    return NONE


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a form: text, numbers, references to secrets, and lists of those."""
    return {
        key: each
        for key, each in value.items()
        if isinstance(each, str | int | float | list) or (isinstance(each, dict) and set(each) == {"secret"})
    }


def _file(schema: Mapping[str, Any], examples: Examples) -> Example:
    """The first file with its field; of the other fields those that are required."""
    properties = examples.properties(schema)
    file = next((name for name, each in properties.items() if _is_file(each)), None)
    required = schema.get("required")
    wanted = required if isinstance(required, list) else list(properties)
    form = _flat(
        {
            name: examples.value(each, name, 1)
            for name, each in properties.items()
            if name in wanted and not _is_file(each)
        }
    )
    held: dict[str, Any] = {"form": form} if form else {}
    if file is None:
        examples.note("its body is multipart/form-data without a file: written as a form")
        return Example(held)
    upload = {"field": file, "name": "{uuid}.txt", "content": "{payload}", "type": "text/plain"}
    return Example({**held, "file": upload})


def _is_file(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "binary" or "contentMediaType" in schema or schema.get("type") == "file"


def _swagger(
    document: Document,
    operation: Mapping[str, Any],
    parameters: list[Mapping[str, Any]],
    examples: Examples,
) -> Example:
    for each in parameters:
        if each.get("in") == "body":
            consumes = operation.get("consumes") or document.whole.get("consumes")
            kinds = [str(kind) for kind in consumes] if isinstance(consumes, list) else []
            return _body(_chosen(kinds) or _JSON, examples.of(each), examples)
    fields = {str(each.get("name")): each for each in parameters if each.get("in") == "formData"}
    required = [name for name, each in fields.items() if each.get("required") is True]
    if any(map(_is_file, fields.values())):
        return _file({"properties": fields, "required": required}, examples)
    found = {name: examples.parameter(fields[name]) for name in required or fields}
    return Example({"form": found}) if found else NONE
