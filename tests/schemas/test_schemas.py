"""The JSON schemas are those of the models: shipped files and fixtures fit, and typical mistakes do not."""

from __future__ import annotations

import copy
import json
import re
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chaos import cli
from chaos.errors import FileError, UsageError
from chaos.plan import build as plans
from chaos.play import kinds
from chaos.schedule import file as schedules
from chaos.schemas.kinds import KINDS
from chaos.spec import suite
from tests.bad_files import GOOD
from tests.midnight import PROJECT
from tests.test_mistakes import ONE

FILES = PROJECT / "chaos/schemas/files"
FOLDERS = {"experiments": "experiment", "targets": "target", "schedules": "schedule"}
SHIPPED = [
    (kind, path) for folder, kind in FOLDERS.items() for path in sorted((PROJECT / folder).glob("*.yaml"))
]
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")

TARGET: dict[str, Any] = {
    "name": "shop",
    "driver": "attach",
    "consent": {"owner": "us", "until": "2099-12-31"},
    "routes": {"read": {"path": "/items/{item}", "items": 5, "expect": [200, 404]}},
    "runbook": {"look": {"action": "detect", "with": {"period": "1s"}}},
    "options": {
        "base_url": "http://127.0.0.1:8000",
        "headers": {"Authorization": {"env": "SHOP_TOKEN", "prefix": "Bearer "}},
        "processes": {"api": {"pid": 4242}},
    },
}
SCHEDULE: dict[str, Any] = {
    "notify": {"hook": {"webhook": "https://ci.example.org/hook", "events": ["fail"]}},
    "schedules": [
        {
            "name": "nightly",
            "experiment": "smoke",
            "when": "0 2 * * *",
            "timezone": "Europe/Berlin",
            "jitter": "5m",
            "blackout": [{"days": ["fri"], "from": "22:00", "to": "23:00"}],
            "on_fail": {"notify": ["hook"]},
        }
    ],
}
SUITE: dict[str, Any] = {"name": "all", "title": "All", "scenarios": [{"experiment": "smoke"}]}
SOUND = {"target": TARGET, "schedule": SCHEDULE, "suite": SUITE}
GONE = "(key removed)"

MISTAKES: list[tuple[str, tuple[str | int, ...], object]] = [
    ("target", ("name",), GONE),
    ("target", ("name",), "Shop"),
    ("target", ("driver",), "atach"),
    ("target", ("rutes",), {}),
    ("target", ("ready",), "healthz"),
    ("target", ("allow",), "staging.example.com"),
    ("target", ("allow",), ["http://staging.example.com"]),
    ("target", ("consent", "owner"), ""),
    ("target", ("consent", "untill"), "2099-12-31"),
    ("target", ("consent", "witness"), "perhaps"),
    ("target", ("routes", "read", "path"), "items"),
    ("target", ("routes", "read", "path"), GONE),
    ("target", ("routes", "read", "items"), 0),
    ("target", ("routes", "read", "verb"), "POST"),
    ("target", ("routes", "read", "expect"), [99]),
    ("target", ("routes", "read", "expect"), {"code": 200}),
    ("target", ("routes", "Read It"), {"path": "/"}),
    ("target", ("routes", "read", "expect"), {"json": {"$.a": {"equal": 1}}}),
    ("target", ("routes", "read", "timeout"), 10),
    ("target", ("session",), [{"path": "/login", "take": {"token": {"heder": "X"}}}]),
    ("target", ("runbook", "look", "command"), ["ls"]),
    ("target", ("options", "jobs"), {"nightly": {"argv": "run"}}),
    ("target", ("options",), GONE),
    ("target", ("options", "base_url"), GONE),
    ("target", ("options", "base-url"), "http://127.0.0.1"),
    ("target", ("options", "ready_within"), "soon"),
    ("target", ("options", "headers", "Authorization"), {"prefix": "Bearer "}),
    ("target", ("options", "headers", "Authorization"), {"env": "A", "file": "b"}),
    ("target", ("options", "processes", "api"), {"pid": -1}),
    ("target", ("options", "processes", "api"), {"pid": 1, "name": "x"}),
    ("schedule", ("schedules",), []),
    ("schedule", ("schedules", 0, "when"), GONE),
    ("schedule", ("schedules", 0, "jitter"), 300),
    ("schedule", ("schedules", 0, "when_busy"), "queue"),
    ("schedule", ("schedules", 0, "seed"), -1),
    ("schedule", ("schedules", 0, "cron"), "0 2 * * *"),
    ("schedule", ("schedules", 0, "on_fail"), {"notifies": ["hook"]}),
    ("schedule", ("schedules", 0, "blackout", 0, "days"), ["friday"]),
    ("schedule", ("schedules", 0, "blackout", 0, "from"), "25:00"),
    ("schedule", ("notify", "hook", "events"), ["failed"]),
    ("schedule", ("notify", "hook", "webhook"), GONE),
    ("suite", ("scenarios",), []),
    ("suite", ("scenarios", 0, "experiment"), GONE),
    ("suite", ("scenarios", 0, "sets"), ["a=1"]),
    ("suite", ("title",), GONE),
    ("suite", ("steps",), []),
]

BETWEEN_KEYS = {
    "too much of a time",
    "a name twice",
    "no such route",
    "a route of another service",
    "a floor above the hold",
    "a dose above the hold",
}
"""Mistakes that show when values are computed, or compared with others: the loader finds them, no schema can."""


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(KINDS[kind]())


def plain(node: object) -> Any:
    """The document as JSON has it: an editor sees dates as text."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node.isoformat() if isinstance(node, date | time) else node


def read(path: Path) -> Any:
    return plain(YAML(typ="safe", pure=True).load(path))


def wrong(kind: str, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(document)]


def loaded(kind: str, path: Path) -> None:
    """As midnight loads it. Raises UsageError."""
    if kind == "target":
        plans.check_target(path)
    elif kind == "schedule":
        schedules.load(path)
    elif kind == "suite":
        suite.load(path)
    else:
        kinds.of_file(path).warnings("embedded")


def spoilt(kind: str, place: tuple[str | int, ...], value: object) -> Any:
    document = copy.deepcopy(SOUND[kind])
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return document


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_that_of_the_models(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(KINDS[kind]())
    assert json.loads((FILES / f"{kind}.schema.json").read_text()) == KINDS[kind](), "type: make schemas"


@pytest.mark.parametrize(
    ("kind", "path"), SHIPPED, ids=lambda each: each.stem if isinstance(each, Path) else each
)
def test_a_shipped_file_fits_and_names_its_schema(kind: str, path: Path) -> None:
    assert wrong(kind, read(path)) == []
    named = LINE.match(path.read_text())
    assert named is not None and (path.parent / named[1]).resolve() == FILES / f"{kind}.schema.json"


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_file_fits_and_is_loaded(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_text(json.dumps(SOUND[kind]))
    loaded(kind, path)
    assert wrong(kind, SOUND[kind]) == []


@pytest.mark.parametrize(("kind", "place", "value"), MISTAKES, ids=lambda each: str(each)[:40])
def test_a_typical_mistake_is_caught_by_the_schema_and_by_the_loader(
    kind: str, place: tuple[str | int, ...], value: object, tmp_path: Path
) -> None:
    document, path = spoilt(kind, place, value), tmp_path / "spoilt.yaml"
    path.write_text(json.dumps(document))
    with pytest.raises(FileError):
        loaded(kind, path)
    assert wrong(kind, document) != []


@pytest.mark.parametrize(("name", "old", "new"), ONE, ids=lambda each: str(each)[:30])
def test_each_mistake_of_an_experiment_that_is_told_is_caught_by_the_schema(
    name: str, old: str, new: str
) -> None:
    try:
        document = plain(YAML(typ="safe", pure=True).load(GOOD.replace(old, new)))
    except (YAMLError, TypeError, ValueError):
        return  # an editor finds it without a schema
    assert (wrong("experiment", document) != []) == (name not in BETWEEN_KEYS)


def test_what_is_refused_is_named_where_it_is() -> None:
    found = wrong("target", spoilt("target", ("options", "ready_within"), "soon"))
    assert any("options.ready_within" in each for each in found)


@pytest.mark.parametrize("path", sorted((PROJECT / "tests").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_fixture_that_is_loaded_fits(path: Path) -> None:
    for kind in ("target", "schedule", "suite", "experiment"):
        try:
            loaded(kind, path)
        except (UsageError, TypeError):
            continue
        assert wrong(kind, read(path)) == []


def test_the_command_prints_and_writes_a_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "suite.json"
    for argv in (["schema", "suite"], ["schema", "suite", "--output", str(path)]):
        with pytest.raises(SystemExit) as ended:
            cli.main(argv)
        assert ended.value.code == 0
    assert capsys.readouterr().out == path.read_text()
    with pytest.raises(SystemExit) as ended:
        cli.main(["schema", "profile"])
    assert ended.value.code == 2


def test_a_field_is_described_by_the_comment_behind_it() -> None:
    phase = KINDS["experiment"]()["$defs"]["Phase"]["properties"]
    assert phase["rate"]["description"] == "requests per second; arrivals are a Poisson process"
    assert phase["for"]["$ref"] == "#/$defs/positive-time"
