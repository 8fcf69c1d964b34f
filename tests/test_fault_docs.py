"""docs/faults.md tells every fault that ships: its parameters and their defaults, what it needs, what refuses it."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import Any

import pytest
from ruamel.yaml import YAML

from chaos.plugin import registry
from chaos.plugin.handles import is_handle
from chaos.spec import yamlfile
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/faults.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `(\w+)` \|\s*`?([^`|]*?)`?\s*\|", re.MULTILINE)
NEEDS = re.compile(r"^\*\*Needs\*\* (.*?)(?:;|\*\*Refused if\*\*)", re.MULTILINE | re.DOTALL)
POINTS = entry_points(group="midnight.faults")
SHIPPED = sorted({point.name for point in POINTS if point.value.startswith("chaos.faults.")})


def test_every_fault_that_ships_has_its_section() -> None:
    assert sorted(SECTIONS) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_documented_parameters_and_defaults_match_the_code(name: str) -> None:
    params: Any = registry.fault(name).Params
    told = dict(ROW.findall(SECTIONS[name]))
    assert list(told) == list(params.model_fields)
    given = {key: text for key, text in told.items() if text and text != "all"}
    assert yamlfile.written(params, {key: _value(text) for key, text in given.items()}) == params()


@pytest.mark.parametrize("name", SHIPPED)
def test_documented_needs_are_those_of_the_code_and_what_refuses_it_is_told(name: str) -> None:
    fault: Any = registry.fault(name)
    needed = {each for need in fault.needs | fault.needs_of(fault.Params()) for each in need.split("|")}
    (told,) = NEEDS.findall(SECTIONS[name])
    assert {each for each in re.findall(r"`([^`]+)`", told) if is_handle(each)} == needed
    assert SECTIONS[name].count("**Refused if** ") == 1


def _value(text: str) -> Any:
    """As a file has it."""
    return YAML(typ="safe").load(text)
