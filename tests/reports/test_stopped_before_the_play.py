"""A run that was stopped before its play: one sentence, and one row for all that had nothing to judge."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chaos.checks.judged import Judged
from chaos.checks.verdict import Verdict, judge
from chaos.reports.terminal import print_verdict
from tests.checks.synthetic import Night

STOPPED = {"reason": "aborted", "because": "stopped by SIGINT"}


def of(place: Path, **night: Any) -> tuple[Verdict, str]:
    """The verdict, and what the terminal shows of it."""
    judged = Judged(
        *Night(steps=[], load=False, sampled=False, played=None, readback=None, **night).write(place)
    )
    verdict, out = judge(judged), Console(file=StringIO(), width=160)
    print_verdict(judged.journal.run, verdict, out)
    assert isinstance(out.file, StringIO)
    return verdict, out.file.getvalue()


def test_the_first_line_says_that_nothing_was_judged(tmp_path: Path) -> None:
    verdict, _ = of(tmp_path, ended=STOPPED, baseline=None)
    assert (
        verdict.headline
        == "ABORTED: the run was stopped by SIGINT before the play began; nothing was judged."
    )


@pytest.mark.parametrize(
    ("night", "told"),
    [
        ({"ended": STOPPED, "baseline": None}, "the run did not complete: aborted (stopped by SIGINT)"),
        ({"baseline": {"steady": False, "because": "p99 3 s"}}, "no steady state: p99 3 s"),
    ],
    ids=["stopped", "not steady"],
)
def test_what_had_nothing_to_judge_shares_a_row(tmp_path: Path, night: dict[str, Any], told: str) -> None:
    verdict, text = of(tmp_path, **night)
    rows = [line for line in text.splitlines() if line.startswith(("unknown ", "not exercised ", "pass "))]
    (rest,) = [row for row in rows if row.endswith("the play did not begin")]
    assert told in text and rest.split()[1:4] == [
        str(len(verdict.findings) - len(rows) + 1),
        "other",
        "findings",
    ]
    assert len(rows) < len(verdict.findings)
