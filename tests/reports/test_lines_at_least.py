"""Where the lines that are lost are known within bounds only, every report shows the number as the least."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import clauses, logs
from chaos.checks.finding import Finding, Outcome
from chaos.reports.cards import key_figures
from chaos.reports.rows import finding_row
from tests.checks.synthetic import Night

READ = {"complete": True, "expected": 900, "lost": 53, "doubled": 0}


def judged(path: Path, **read: Any) -> Finding:
    found = Night(logs={**READ, **read}).findings(path, logs.check)["lost_log_lines"]
    assert found.outcome is Outcome.FAIL
    return replace(found, check=logs.NAME)


@pytest.mark.parametrize("bounds", [{"at_most": 57}, {"unbounded": True}])
def test_a_number_within_bounds_is_shown_as_the_least(bounds: dict[str, Any], tmp_path: Path) -> None:
    found = judged(tmp_path, **bounds)
    assert [(card.label, card.value) for card in key_figures([found])] == [("log lines lost", "≥ 53")]
    assert finding_row(found).measured == "≥ 53"
    assert "at least" not in dict(finding_row(found).evidence)
    assert list(clauses.failed([found])) == ["at least 53 log lines were lost or written twice"]


def test_a_number_that_is_exact_is_shown_as_it_is(tmp_path: Path) -> None:
    found = judged(tmp_path, at_most=53)
    assert [card.value for card in key_figures([found])] == ["53"]
    assert finding_row(found).measured == "53"
    assert list(clauses.failed([found])) == ["53 log lines were lost or written twice"]
