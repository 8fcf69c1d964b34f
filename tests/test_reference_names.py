"""The reference stack is a target like any other: its names are in its own files, not in the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.record.gauges import BREAKER_STATE, IN_FILES
from chaos.spec import target as targets
from tests.midnight import PROJECT

DRIVERS = [PROJECT / "chaos/targets" / name for name in ("embedded", "docker")]


def test_no_general_room_knows_the_reference_stack_by_its_names() -> None:
    files: list[Path] = [
        file
        for pattern in ("*.py", "*.yaml", "*.html")
        for file in (PROJECT / "chaos").rglob(pattern)
        if not any(file.is_relative_to(each) for each in (*DRIVERS, PROJECT / "chaos/shipped"))
    ]
    assert len(files) > 500
    assert [str(file) for file in files if "reference_" in file.read_text()] == []


@pytest.mark.parametrize("name", ["embedded", "docker"])
def test_its_target_files_name_every_gauge_that_it_exports(name: str) -> None:
    (reading,) = targets.load(PROJECT / f"targets/{name}.yaml").gauges
    assert reading.prometheus == "{metrics}"
    exported = set(re.findall(r'"(reference_\w+)"', (PROJECT / "targets/reference/metrics.py").read_text()))
    assert {text.removesuffix(" or 0") for text in reading.map.values()} == exported
    of_others = {"pool_waits", "queue_length", "clients"}
    assert set(reading.map) == {*IN_FILES, BREAKER_STATE} - of_others
