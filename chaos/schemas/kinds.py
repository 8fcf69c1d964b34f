"""The schema of each kind of file: its models, with the parameters of each fault, driver and action."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from chaos.errors import MidnightError
from chaos.plugin import registry
from chaos.runbook_actions import GENERIC
from chaos.schedule.file import ScheduleFile
from chaos.schemas.generator import DIALECT, REFERENCE, schema_of
from chaos.spec.experiment import Experiment
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.suite import Suite
from chaos.spec.target import Target

_EXACTLY_ONE: Mapping[str, tuple[str, ...]] = {
    "Step": ("at", "after"),
    "DrillStep": ("at", "after"),
    "Load": ("phases", "rounds"),
    "LatencyObjective": ("percentile", "share"),
    "Slo": ("availability", "latency", "pool"),
    "RunbookStep": ("action", "command", "person"),
    "Secret": ("env", "file"),
    "ProcessAt": ("pid", "pid_file", "name"),
    "Upload": ("content", "path"),
}
"""Keys of which a mapping has exactly one, by the name of its model."""

_FOREIGN_SLO = {"anyOf": [{"required": ["apiVersion"]}, {"required": ["file"]}]}
"""An inline OpenSLO document, or `{file: PATH}`: described by their own specification."""


def experiment() -> dict[str, Any]:
    """An experiment, a suite of them, or the restore of a backup: told apart by `scenarios` and `restore`."""
    whole = _whole("midnight experiment", Experiment)
    definitions = whole["$defs"]
    slos = definitions["Experiment"]["properties"]["slos"]
    slos["items"] = {"if": _FOREIGN_SLO, "then": {"type": "object"}, "else": slos["items"]}
    _add_parameters(definitions, "Step", "fault", "with", _models(registry.names("faults"), _fault))
    for name, model in (("Suite", Suite), ("RestoreExperiment", RestoreExperiment)):
        _add(definitions, name, model, f"{name}-")
    is_restore = {"required": ["restore"], "not": {"required": ["load"]}}
    whole |= {
        "if": is_restore,
        "then": _reference("RestoreExperiment"),
        "else": {
            "if": {"required": ["scenarios"]},
            "then": _reference("Suite"),
            "else": _reference("Experiment"),
        },
    }
    del whole["$ref"]
    return whole


def target() -> dict[str, Any]:
    whole = _whole("midnight target", Target)
    definitions = whole["$defs"]
    drivers = dict(_models(registry.names("targets"), _driver))
    _add_parameters(definitions, "Target", "driver", "options", drivers.items())
    actions = dict[str, type[BaseModel]]({name: each.Params for name, each in GENERIC.items()})
    for name in registry.names("targets"):
        actions |= _actions(name)
    _add_parameters(definitions, "RunbookStep", "action", "with", actions.items(), closed=False)
    return whole


def suite() -> dict[str, Any]:
    return _whole("midnight suite", Suite)


def schedule() -> dict[str, Any]:
    return _whole("midnight schedules", ScheduleFile)


KINDS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "experiment": experiment,
    "target": target,
    "schedule": schedule,
    "suite": suite,
}


def _whole(title: str, model: type[BaseModel]) -> dict[str, Any]:
    """A schema whose root refers to the definition of `model`."""
    definitions: dict[str, Any] = {}
    _add(definitions, model.__name__, model)
    return {"$schema": DIALECT, "title": title, **_reference(model.__name__), "$defs": definitions}


def _add(definitions: dict[str, Any], name: str, model: type[BaseModel], prefix: str = "") -> None:
    """Define a model and what it refers to. With a prefix, its own definitions are kept apart from those of others."""
    found = schema_of(model)
    inner = found.pop("$defs", {})
    found.pop("$schema", None)
    own = {each: f"{prefix}{each}" if each[0].isupper() else each for each in inner}
    for each, schema in {**inner, name: found}.items():
        _refer(schema, own)
        if keys := _EXACTLY_ONE.get(each if each in inner else model.__name__):
            schema["oneOf"] = [{"required": [key]} for key in keys]
        definitions.setdefault(own.get(each, name), schema)


def _refer(node: Any, names: Mapping[str, str]) -> None:
    """Change references to what the definitions are called."""
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _refer(each, names)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        name = node["$ref"].rpartition("/")[2]
        node["$ref"] = REFERENCE.format(model=names.get(name, name))


def _add_parameters(
    definitions: dict[str, Any],
    holder: str,
    by: str,
    key: str,
    models: Iterable[tuple[str, type[BaseModel]]],
    closed: bool = True,
) -> None:
    """What is below `key` of the holder depends on the name at `by`."""
    rules, names = [], []
    for name, model in models:
        defined = f"{by}-{name}"
        _add(definitions, defined, model, f"{defined}-")
        needs = bool(definitions[defined].get("required"))
        then: dict[str, Any] = {
            "properties": {key: _reference(defined)},
            **({"required": [key]} if needs else {}),
        }
        rules.append({"if": {"properties": {by: {"const": name}}, "required": [by]}, "then": then})
        names.append(name)
    schema = definitions[holder]
    schema["allOf"] = rules
    schema["properties"][key] = {"type": "object", "description": f"Its keys depend on `{by}`."}
    known = {"enum": names} if closed else {"examples": names}
    schema["properties"][by] = {**schema["properties"][by], **known}


def _models(
    names: Iterable[str], find: Callable[[str], type[BaseModel]]
) -> Iterable[tuple[str, type[BaseModel]]]:
    """By name; what cannot be imported here, such as a plug-in without its libraries, is left out."""
    for name in names:
        try:
            yield name, find(name)
        except (ImportError, MidnightError):
            continue


def _fault(name: str) -> type[BaseModel]:
    return registry.fault(name).Params


def _driver(name: str) -> type[BaseModel]:
    return registry.driver(name).Options


def _actions(driver: str) -> Mapping[str, type[BaseModel]]:
    try:
        return registry.driver(driver).actions
    except (ImportError, MidnightError):
        return {}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": REFERENCE.format(model=name)}
