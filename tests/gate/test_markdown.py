"""The Markdown says the outcome first, the worst case first, and no text breaks its table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.gate.baseline import Baseline
from chaos.gate.case import Case
from chaos.gate.tolerance import tolerances
from chaos.gate.verdict import judge_run
from chaos.reports.markdown import render
from tests.gate.planted import gate, judged, played
from tests.history.stored import SOUND


def test_the_outcome_comes_first_and_the_worst_case_heads_the_table() -> None:
    lines = render(gate(judged(played(verdict="fail", effects=("pass", "not exercised"))))).splitlines()
    assert lines[0] == "## midnight gate: FAIL: midnight: availability as planted"
    rows = [line for line in lines if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[2:]] == [
        "| ❌ fail",
        "| ➖ not exercised",
        "| ✅ pass",
        "| ✅ pass",
    ]


def test_the_summary_names_the_run_compared_and_its_baseline() -> None:
    baseline = Baseline("run x", "midnight", ({"rto": 0.0, **SOUND},), ("played on profile fragile",))
    compared = played(figures={"p99": 1.0})
    run = judge_run(compared, baseline, tolerances(()), allow_partial=False, strict=True)
    text = render(gate(run, drill=Case("drill", "drill", "pass", "5 d old")))
    assert "Compared with run x (played on profile fragile)." in text
    assert "| ❌ fail | baseline: p99 | 1 s | ≤ 350 ms |" in text
    assert text.endswith("### Drill\n\n✅ pass: 5 d old\n")


def test_a_floor_and_a_ceiling_are_told_apart() -> None:
    baseline = Baseline("run x", "midnight", (SOUND,))
    worse = played(figures={"availability": 0.9, "p99": 1.0}, effects=("pass", "unknown"))
    run = judge_run(worse, baseline, tolerances(()), allow_partial=False, strict=True)
    text = render(gate(run))
    assert "| availability | 100 % | ≥ 99 % |" in text
    assert "| baseline: availability | 90 % | ≥ 99.5 % |" in text
    assert "| baseline: p99 | 1 s | ≤ 350 ms |" in text
    assert "| links: links\\_exercised | 1 | ≥ 2 |" in text


@pytest.mark.parametrize("text", ["a|b", "two\nlines", "<script>", "`code`", "\x1b[31m", "| x |\n| y |"])
def test_no_text_breaks_a_row(text: str) -> None:
    run = replace(judged(played()), cases=(Case("check", "name", "fail", text),))
    rows = [line for line in render(gate(run)).splitlines() if line.startswith("| ❌")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 6
    assert "<script>" not in rows[0]
    assert "\x1b" not in rows[0]
