"""Routes added to a target file that exists: everything in it stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.errors import FileError
from chaos.imports import graphql, names, writing
from chaos.imports.imported import Imported, ImportedRoute
from chaos.spec import yamlfile
from chaos.spec.userfile import read_text

_BRACES = "is written in braces: write one route a line below it, then import again"


@dataclass(frozen=True, slots=True)
class Added:
    text: str
    named: Mapping[str, ImportedRoute]  # what was added
    there: Mapping[
        str, ImportedRoute
    ]  # routes with the same method, path and operation, by the name they have


def to(path: Path, imported: Imported) -> Added:
    """Raises FileError for a file that is no target, or in which routes cannot be added safely."""
    text, document = read_text(path), yamlfile.read_mapping(path)
    existing = document.get("routes") or {}
    if not isinstance(existing, dict):
        raise FileError(
            path, document.lc.key("routes")[0] + 1, "routes", "must be keys with values (key: value)"
        )
    same = {_identity(route): str(name) for name, route in existing.items() if isinstance(route, dict)}
    there = {same[route.identity]: route for route in imported.routes if route.identity in same}
    fresh = [route for route in imported.routes if route.identity not in same]
    named = names.of_routes(fresh, [str(name) for name in existing])
    return Added(_inserted(path, text, document, imported, named) if named else text, named, there)


def _identity(route: Mapping[str, Any]) -> tuple[str, str, str]:
    operation = graphql.operation(route.get("query"), route.get("json"))
    return str(route.get("method", "GET")), str(route.get("path")), operation


def _inserted(
    path: Path, text: str, document: Any, imported: Imported, named: Mapping[str, ImportedRoute]
) -> str:
    lines = text.split("\n")
    newline = "\r" if lines[0].endswith("\r") else ""
    if "routes" not in document:
        block = ["", *writing.about(imported, named), "routes:", *writing.routes(named)]
        return "\n".join([*_ended(lines), *(f"{line}{newline}" for line in block), ""])
    begin = document.lc.key("routes")[0]
    existing = document["routes"]
    if existing is not None and existing.fa.flow_style():
        raise FileError(path, begin + 1, "routes", _BRACES)
    end, indent = _end(lines, begin), _indent(existing)
    block = ["", *(f"{indent}{line}" for line in writing.about(imported, named)), ""]
    block += writing.routes(named, indent)
    return "\n".join([*lines[:end], *(f"{line}{newline}" for line in block), *lines[end:]])


def _indent(existing: Any) -> str:
    """That of the first route there is."""
    return " " * (existing.lc.key(next(iter(existing)))[1] if existing else 2)


def _end(lines: list[str], begin: int) -> int:
    """The line after the last route: the next key at the margin, without the comments above it."""
    end = begin + 1
    for number in range(begin + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.startswith((" ", "\t", "#")):
            break
        if line.startswith((" ", "\t")) and line.strip():
            end = number + 1
    return end


def _ended(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines
