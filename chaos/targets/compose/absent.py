"""Services of a project without a container (scaled to 0, or of an inactive profile), from its files.

The files are those named in Compose's labels; unreadable ones are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chaos.engine.projects import DIRECTORY, FILES, Found

ABSENT = "absent"


def files_of(there: Iterable[Found]) -> list[Path]:
    """The project's files, in the order that they were given in."""
    found: dict[Path, None] = {}
    for each in there:
        base = Path(each.labels.get(DIRECTORY, ""))
        for name in each.labels.get(FILES, "").split(","):
            if name:
                found[base / name] = None
    return list(found)


def services(there: list[Found]) -> list[Found]:
    """Services in the files but not on the engine, as far as the files are readable."""
    known = {each.service for each in there}
    merged: dict[str, dict[str, Any]] = {}
    for path in files_of(there):
        for name, service in _services(path):
            mine = merged.setdefault(name, {"environment": {}, "words": []})
            mine["environment"] |= _variables(service, path.parent)
            mine["words"] += _words(service)
    return [_found(name, each) for name, each in merged.items() if name not in known]


def _services(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return
    services = document.get("services") if isinstance(document, dict) else None
    for name, service in (services or {}).items() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            yield str(name), service


def _variables(service: Mapping[str, Any], place: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    files = service.get("env_file") or ()
    for each in [files] if isinstance(files, str | dict) else files:
        name = each.get("path") if isinstance(each, dict) else each
        found |= _of_file(place / str(name))
    given = service.get("environment") or {}
    pairs = given.items() if isinstance(given, dict) else (str(each).partition("=")[::2] for each in given)
    return found | {str(name): str(value) for name, value in pairs if value is not None}


def _of_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=")[::2] for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}


def _words(service: Mapping[str, Any]) -> list[str]:
    parts = [
        service.get("entrypoint"),
        service.get("command"),
        (service.get("healthcheck") or {}).get("test"),
    ]
    return [str(word) for part in parts if part for word in ([part] if isinstance(part, str) else part)]


def _found(service: str, said: Mapping[str, Any]) -> Found:
    return Found(
        service=service,
        name=service,
        id="",
        image="",
        status=ABSENT,
        protected=False,
        environment=dict(said["environment"]),
        ports={},
        networks={},
        volumes={},
        words=tuple(said["words"]),
    )
