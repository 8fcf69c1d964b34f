"""The Compose file as frozen values: only the subset of Compose that this project's file uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from chaos.errors import FileError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_TIMES = {"interval": 30.0, "timeout": 30.0, "start_period": 0.0}  # seconds, Docker's own defaults
_KNOWN = {
    *("image", "build", "command", "environment", "volumes", "ports", "networks", "shm_size", "mem_limit"),
    *("cpus", "stop_signal", "stop_grace_period", "healthcheck", "depends_on", "profiles", "network_mode"),
}


@dataclass(frozen=True, slots=True)
class Service:
    """One service; `ports` are (host, host port, container port), `volumes` (volume, place), `files` (path, place).
    `of_host`: it has no network of its own."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    volumes: tuple[tuple[str, str], ...]
    files: tuple[tuple[Path, str], ...]
    of_host: bool
    ports: tuple[tuple[str, int, int], ...]
    cpus: float
    memory: str
    shared_memory: str | None
    stop_signal: str | None
    health: Mapping[str, Any] | None  # in the engine's format
    after: Mapping[str, str]  # condition by service


def read(path: Path, variables: Mapping[str, str], profiles: Collection[str] = ()) -> tuple[Service, ...]:
    """The services without a profile or in one of these, each after its dependencies. Raises FileError for anything
    this driver does not support."""
    document = _filled_in(YAML(typ="safe", pure=True).load(path), variables)
    services = {
        name: _service(path, name, each)
        for name, each in document["services"].items()
        if "profiles" not in each or {*each["profiles"]} & {*profiles}
    }
    ordered: dict[str, Service] = {}
    while len(ordered) < len(services):
        ready = [
            each
            for each in services.values()
            if each.name not in ordered and each.after.keys() <= ordered.keys()
        ]
        if not ready:
            raise FileError(path, None, "services", "depend on each other in a circle")
        ordered |= {each.name: each for each in ready}
    return tuple(ordered.values())


def _filled_in(node: Any, variables: Mapping[str, str]) -> Any:
    """The document with its variables' values, which are always text."""
    if isinstance(node, dict):
        return {key: _filled_in(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled_in(value, variables) for value in node]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda found: variables.get(found[1]) or found[2] or "", node)
    return node


def _service(path: Path, name: str, given: Mapping[str, Any]) -> Service:
    if unknown := sorted(given.keys() - _KNOWN):
        raise FileError(path, None, f"services: {name}", f"{unknown[0]} is not supported by this driver")
    command = given.get("command", [])
    after = given.get("depends_on", {})
    mounted = [_pair(volume) for volume in given.get("volumes", [])]
    if (mode := given.get("network_mode", "host")) != "host":
        raise FileError(path, None, f"services: {name}: network_mode", "only host is supported", mode)
    return Service(
        name=name,
        image=str(given["image"]),
        command=tuple(shlex.split(command) if isinstance(command, str) else map(str, command)),
        environment={
            key: str(value) for key, value in given.get("environment", {}).items() if value is not None
        },
        volumes=tuple(each for each in mounted if not _is_path(each[0])),
        files=tuple((path.parent / each, at.removesuffix(":ro")) for each, at in mounted if _is_path(each)),
        of_host="network_mode" in given,
        ports=tuple(_port(port) for port in given.get("ports", [])),
        cpus=float(given["cpus"]),
        memory=str(given["mem_limit"]),
        shared_memory=given.get("shm_size"),
        stop_signal=given.get("stop_signal"),
        health=_health(given.get("healthcheck")),
        after={other: str(how["condition"]) for other, how in after.items()},
    )


def _pair(text: str) -> tuple[str, str]:
    volume, _, place = text.partition(":")
    return volume, place


def _is_path(text: str) -> bool:
    return text.startswith(".")


def _port(text: str) -> tuple[str, int, int]:
    host, published, inside = text.split(":")
    return host, int(published), int(inside)


def _health(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    times = {key: _nanoseconds(given.get(key, default)) for key, default in _TIMES.items()}
    return {"test": list(given["test"]), "retries": int(given.get("retries", 3)), **times}


def _nanoseconds(value: str | float) -> int:
    return round(float(str(value).removesuffix("s")) * 1e9)
