"""The environment of a container, as far as the files say it: values, ConfigMaps, Compose's interpolation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.audit.expansion import expanded
from chaos.audit.interpolation import beside, filled_in, pairs, without_defaults
from chaos.audit.item import Item
from chaos.audit.node import Node
from chaos.audit.workload import Container

Maps = Mapping[str, Sequence[Item]]
"""ConfigMaps by their name."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`value` is None if the files do not say it; `written` is what the manifest alone says: not a file beside it."""

    name: str
    value: str | None
    node: Node
    written: str | None = None


def variables(container: Container, maps: Maps) -> dict[str, Variable]:
    """Return the variables by name."""
    if container.workload.item.is_service:
        return {each.name: each for each in _of_service(container.node)}
    found = {each.name: each for each in _of_maps(container, maps)}
    known = {each.name: each.value for each in found.values() if each.value is not None}
    for entry in container.node.at("env").each():
        each = _of_entry(entry, container.workload.item, maps)
        if each.written is not None:  # Kubernetes expands what the manifest says, by the variables above it
            each = replace(each, value=expanded(each.written, known))
        found[each.name] = each
        if each.value is not None:
            known[each.name] = each.value
    return {name: each for name, each in found.items() if name}


def _of_maps(container: Container, maps: Maps) -> Iterator[Variable]:
    for each in container.node.at("envFrom").each():
        data = _data(maps, each.at("configMapRef", "name").text, container.workload.item)
        prefix = each.at("prefix").text
        for key, value in data.items() if data is not None else ():
            yield Variable(prefix + key, value.text, value)


def _data(maps: Maps, name: str, user: Item) -> Node | None:
    """The data of a ConfigMap as a workload sees it; None if there is none, or if several namespaces have it."""
    seen = [each for each in maps.get(name, ()) if each.may_see(user)]
    own = [each for each in seen if each.scope == user.scope]
    if not own and len({each.scope for each in seen}) != 1:
        return None
    return (own or seen)[-1].node.at("data")


def _of_entry(entry: Node, user: Item, maps: Maps) -> Variable:
    name, value = entry.at("name").text, entry.at("value")
    if value.exists:
        return Variable(name, value.text, value, written=value.text)
    reference = entry.at("valueFrom", "configMapKeyRef")
    data = _data(maps, reference.at("name").text, user)
    held = data.at(reference.at("key").text) if data is not None else None
    return Variable(name, held.text if held is not None and held.exists else None, entry)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """An `env_file` of a service. `values` is None if it cannot be read; those of its variables that the files do not
    say are None. The name is shown: it is without the defaults of variables."""

    node: Node
    name: str
    values: Mapping[str, str | None] | None


def env_files(service: Node) -> Iterator[EnvFile]:
    """The service's files of variables, in their order. Only those below the Compose file's directory are read."""
    given = service.at("env_file")
    defaults = beside(service.path)
    for each in [given] if given.text else given.each():
        path = each if each.text else each.at("path")
        name, shown = filled_in(path.text, defaults), without_defaults(path.text)
        is_optional = each.at("required").value is False
        values = _below(service.path.parent, name) if name else None
        if values is not None:
            is_raw = each.at("format").text == "raw"
            yield EnvFile(path, shown, values if is_raw else _all_filled_in(values, defaults))
        elif not is_optional:
            yield EnvFile(path, shown, None)


def _below(folder: Path, name: str) -> dict[str, str] | None:
    file = (folder / name).resolve()
    return pairs(file) if file.is_relative_to(folder.resolve()) else None


def _all_filled_in(values: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str | None]:
    return {name: filled_in(value, {**defaults, **values}) for name, value in values.items()}


def _of_service(service: Node) -> Iterator[Variable]:
    for file in env_files(service):
        for name, text in (file.values or {}).items():
            yield Variable(name, text, file.node)
    given = service.at("environment")
    defaults = beside(service.path)
    for key, value in given.items():
        yield _filled_in(key, value.text if value.exists else None, value, defaults)
    for each in given.each():
        name, equals, text = each.text.partition("=")
        yield _filled_in(name, text if equals else None, each, defaults)


def _filled_in(name: str, text: str | None, node: Node, defaults: Mapping[str, str]) -> Variable:
    if text is None:
        return Variable(name, None, node)
    return Variable(name, filled_in(text, defaults), node, written=filled_in(text, {}))
