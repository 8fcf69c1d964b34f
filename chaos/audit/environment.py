"""The environment of a container, as far as the files say it: values, ConfigMaps, Compose's interpolation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.audit.node import Node
from chaos.audit.workload import Container
from chaos.errors import FileError
from chaos.spec.userfile import read_text

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^{}]*))?\}|\$(\w+)")
_NESTED = 3
_DOLLAR = "\0"  # in place of $$; YAML has no such character
Maps = Mapping[tuple[str, str], Node]
"""The data of each ConfigMap, by namespace and name."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`value` is None if the files do not say it; `written` if the manifest holds the value itself."""

    name: str
    value: str | None
    node: Node
    written: bool = False


def variables(container: Container, maps: Maps) -> dict[str, Variable]:
    """Return the variables by name."""
    if container.workload.item.is_service:
        return {each.name: each for each in _of_service(container.node)}
    found = list(_of_maps(container, maps))
    for each in container.node.at("env").each():
        found.append(_of_entry(each, container.workload.item.scope, maps))
    return {each.name: each for each in found if each.name}


def _of_maps(container: Container, maps: Maps) -> Iterator[Variable]:
    for each in container.node.at("envFrom").each():
        data = maps.get((container.workload.item.scope, each.at("configMapRef", "name").text))
        prefix = each.at("prefix").text
        for key, value in data.items() if data is not None else ():
            yield Variable(prefix + key, value.text, value)


def _of_entry(entry: Node, scope: str, maps: Maps) -> Variable:
    name, value = entry.at("name").text, entry.at("value")
    if value.exists:
        return Variable(name, value.text, value, written=True)
    reference = entry.at("valueFrom", "configMapKeyRef")
    data = maps.get((scope, reference.at("name").text))
    held = data.at(reference.at("key").text) if data is not None else None
    return Variable(name, held.text if held is not None and held.exists else None, entry)


def _of_service(service: Node) -> Iterator[Variable]:
    given = service.at("environment")
    defaults = beside(service.path)
    for key, value in given.items():
        yield Variable(key, filled_in(value.text, defaults) if value.exists else None, value, written=True)
    for each in given.each():
        name, equals, text = each.text.partition("=")
        yield Variable(name, filled_in(text, defaults) if equals else None, each, written=True)


def filled_in(text: str, values: Mapping[str, str]) -> str | None:
    """Fill in Compose's variables: from the values, else from the default; None if one has neither."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        if known := values.get(found[1] or found[4]):
            return known
        missing |= found[2] not in ("-", ":-")
        return found[3] or ""

    text = text.replace("$$", _DOLLAR)
    for _ in range(_NESTED):  # a default may hold a variable
        filled = _VARIABLE.sub(value, text)
        if filled == text or missing:
            break
        text = filled
    return None if missing else text.replace(_DOLLAR, "$")


def beside(path: Path) -> dict[str, str]:
    """Read the `.env` beside a Compose file, as Compose does; empty if there is none."""
    file = path.parent / ".env"
    try:
        lines = read_text(file).splitlines() if file.is_file() else []
    except (FileError, OSError):
        return {}
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}
