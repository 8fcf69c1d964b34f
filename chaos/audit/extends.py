"""Compose's `extends`: a service takes over what another one says, of the same file or of another one."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from chaos.audit import tags
from chaos.errors import FileError
from chaos.spec import places, yamltext

_DEEPEST = 20


def fill_in(path: Path, document: Any) -> None:
    """Add to each service what it takes over from others. Raises FileError for what is not there."""
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        return
    whole = {
        name: _whole(path, document, name, _DEEPEST)
        for name, service in services.items()
        if isinstance(service, dict) and "extends" in service
    }
    for name, taken in whole.items():
        own = services[name]
        for key in [key for key in taken if key not in own or own[key] != taken[key]]:
            own[key] = taken[key]  # its own keys keep their lines


def _whole(path: Path, document: Any, name: str, depth: int) -> dict[str, Any]:
    """A service with all that it takes over; without `extends`."""
    own = places.value_at(document, ("services", name))
    if not isinstance(own, dict) or (extends := own.get("extends")) is None:
        return dict(own) if isinstance(own, dict) else {}
    line = places.line_of(document, ("services", name, "extends"))
    place = f"services: {name}: extends"
    if not depth:
        raise FileError(
            path, line, place, f"more than {_DEEPEST} services extend each other, or go round in a circle"
        )
    given = {"service": extends} if isinstance(extends, str) else extends
    base = given.get("service") if isinstance(given, dict) else None
    if not isinstance(base, str):
        raise FileError(
            path, line, place, "name a service: {service: NAME}, with file: PATH for another file"
        )
    other, there = path, document
    if isinstance(file := given.get("file"), str):
        other = path.parent / file
        there = next((each for each in yamltext.load_all(other) if isinstance(each, dict)), {})
        tags.fill_in(there)
    if not isinstance(places.value_at(there, ("services", base)), dict):
        raise FileError(path, line, place, f"{other.name} has no service {base}")
    taken = {key: value for key, value in own.items() if key != "extends"}
    below = _whole(other, there, base, depth - 1)
    if isinstance(file, str) and "env_file" in below:
        below["env_file"] = _from_here(PurePosixPath(file).parent, below["env_file"])
    return _merged(below, taken)


def _from_here(folder: PurePosixPath, env_file: Any) -> Any:
    """An `env_file` of a Compose file in the folder: its paths start there."""
    if isinstance(env_file, list):
        return [_from_here(folder, each) for each in env_file]
    if isinstance(env_file, dict):
        return {**env_file, "path": _from_here(folder, env_file.get("path"))}
    is_relative = isinstance(env_file, str) and not env_file.startswith(("/", "~"))
    return str(folder / env_file) if is_relative else env_file


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """As Compose merges: mappings by their keys, lists one after the other, of anything else the service's own."""
    found = {**base, **own}
    for key in base.keys() & own.keys():
        below, above = base[key], own[key]
        if tags.is_override(above):
            continue
        if key == "environment":
            below, above = _as_mapping(below), _as_mapping(above)
        if key == "env_file":
            below, above = _as_list(below), _as_list(above)
        if isinstance(below, dict) and isinstance(above, dict):
            found[key] = _merged(below, above)
        elif (
            isinstance(below, list)
            and isinstance(above, list)
            and key not in ("command", "entrypoint", "test")
        ):
            found[key] = [*below, *above]
    return found


def _as_mapping(value: Any) -> Any:
    """An environment written as `- NAME=value`."""
    if not isinstance(value, list):
        return value
    pairs = (str(each).partition("=") for each in value)
    return {name: text if equals else None for name, equals, text in pairs}


def _as_list(value: Any) -> Any:
    """A single `env_file`, written without a list."""
    return [value] if isinstance(value, str) else value
