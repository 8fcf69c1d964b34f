"""A check is named once: by a constant of its module, from which the table of checks and everything else has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.checks import restored
from chaos.checks.shipped import SHIPPED

CHAOS = Path(restored.__file__).parents[2]
NAMES = list(dict.fromkeys([*(check.name for check in SHIPPED), *(check.name for check in restored.CHECKS)]))


def compared(text: str) -> Iterator[str]:
    """The names that the `check` of a finding is compared with as literals."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_the_check(part) for side in sides for part in _parts(side)):
                literals = [part for side in sides for part in _parts(side) if isinstance(part, ast.Constant)]
                yield from (each.value for each in literals if each.value and isinstance(each.value, str))


def _parts(side: ast.expr) -> list[ast.expr]:
    return [side, *side.elts] if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side]


def _is_the_check(part: ast.expr) -> bool:
    if isinstance(part, ast.Subscript):
        return isinstance(part.slice, ast.Constant) and part.slice.value == "check"
    return isinstance(part, ast.Attribute) and part.attr == "check"


def test_no_finding_is_looked_for_by_a_name_written_out() -> None:
    found = {file: list(compared(file.read_text())) for file in CHAOS.rglob("*.py")}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line", ['f.check == "loss"', '(f.check, f.name) == ("loss", name)', 'f["check"] in {"loss"}']
)
def test_one_that_is_written_out_is_found(line: str) -> None:
    assert list(compared(line)) == ["loss"]


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_a_constant_of_one_module(name: str) -> None:
    line = f'NAME = "{name}"'
    (module,) = [file for file in (CHAOS / "checks").rglob("*.py") if line in file.read_text().splitlines()]
    assert "def check(" in module.read_text()
