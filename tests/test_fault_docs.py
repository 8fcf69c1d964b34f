"""docs/faults.md tells every fault that ships, and every parameter with what holds if it is not given."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import Any

import pytest

from chaos.plugin import registry
from chaos.spec import yamlfile
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/faults.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `(\w+)` \|\s*`?([^`|]*?)`?\s*\|", re.MULTILINE)
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


def _value(text: str) -> Any:
    """As YAML would read it."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
