"""A figure is one row of one table: with it, verdicts, the index, lists, trends and the gate know the figure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.figures import FIGURES
from chaos.record.hits import Outcome
from tests.checks.synthetic import Night

ROW = """
import json, sys
from pathlib import Path
from chaos.checks import figures
from chaos.checks.figures import Figure, Room, Tolerance

def bad(run):
    return run.hits["hits"] - run.hits["good"]

row = Figure("bad_hits", "count", "bad hits", bad, listed=True, least=1.0, room=Room(Tolerance(), Tolerance(amount=2)))
figures.FIGURES = (*figures.FIGURES, row)
"""

SCRIPT = """
from chaos.checks.rejudge import judge_run
from chaos.cli import main
from chaos.gate.compare import compare
from chaos.gate.tolerance import tolerances
from chaos.record.store import RunDir
from chaos.reports.verdict_json import write_verdict

if sys.argv[1] == "judge":
    for place in sorted(Path(sys.argv[2]).iterdir()):
        write_verdict(RunDir(place), judge_run(RunDir(place)))
elif sys.argv[1] == "gate":
    first, *_, last = (json.loads(file.read_text()) for file in sorted(Path(sys.argv[2]).rglob("verdict.json")))
    now, before = figures.recalled(last), figures.recalled(first)
    for given in ([], ["bad_hits=100"]):
        print(*(f"{case.name}:{case.outcome}" for case in compare(now, [before], tolerances(given))))
else:
    main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten stored runs, of which the newest five have bad hits; too few to fail an objective."""
    reports = tmp_path_factory.mktemp("reports")
    for number in range(10):
        bad = [(30.0, 30.4, Outcome.BAD_STATUS)] if number >= 5 else []
        run = reports / f"night/202611{number + 1:02}T000000Z-000000"
        Night(bad=bad).write(run)
        about = json.loads((run / "run.json").read_text())
        about |= {"id": run.name, "started": f"2026-11-{number + 1:02}T00:00:00+00:00"}
        (run / "run.json").write_text(json.dumps(about))
    told(reports, "judge", str(reports / "night"))
    return reports


def told(reports: Path, *arguments: str) -> str:
    """What a midnight says that has one more row in its table."""
    environment = {**os.environ, "MIDNIGHT_REPORTS": str(reports), "COLUMNS": "200"}
    argv = [sys.executable, "-c", ROW + SCRIPT, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout


def test_the_verdict_holds_it(nights: Path) -> None:
    verdicts = [json.loads(file.read_text()) for file in sorted(nights.rglob("verdict.json"))]
    assert [each["figures"]["bad_hits"] for each in verdicts] == [0] * 5 + [4] * 5


def test_the_list_of_runs_shows_it(nights: Path) -> None:
    runs = json.loads(told(nights, "runs", "--json"))
    assert sorted(each["figures"]["bad_hits"] for each in runs)[-1] == 4
    header = told(nights, "runs").splitlines()[0]
    assert header.split("verdict")[1].split() == [
        *(word for figure in FIGURES if figure.listed for word in figure.label.split()),
        *("bad", "hits"),
    ]


def test_the_trend_calls_it_a_regression(nights: Path) -> None:
    trend: dict[str, Any]
    (trend,) = json.loads(told(nights, "trend", "night", "--json"))
    (found,) = (each for each in trend["figures"] if each["figure"] == "bad_hits")
    assert (found["state"], found["unit"]) == ("regression", "count")
    summary = told(nights, "trend", "night").splitlines()[0]
    assert "bad hits" in summary.split("REGRESSION: ")[1]


def test_the_gate_compares_it_and_takes_a_tolerance_for_it(nights: Path) -> None:
    usual, wider = told(nights, "gate", str(nights)).splitlines()
    assert "bad_hits:fail" in usual.split()
    assert "bad_hits:pass" in wider.split()
