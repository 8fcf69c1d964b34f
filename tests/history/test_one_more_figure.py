"""A figure is one row of one table, or one object of a plug-in: with it, verdicts, the index, lists, trends and gates
know the figure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.figures import FIGURES
from chaos.record.hits import Outcome
from tests.checks.synthetic import Night
from tests.plugging import install

FIGURE = """
from chaos.checks import Figure, Room, Tolerance

def bad(run):
    return run.hits["hits"] - run.hits["good"]

plugged = Figure(
    "bad_hits", "count", "bad hits", bad, listed=True, least=1.0, room=Room(Tolerance(), Tolerance(amount=2))
)
"""

ROW = """
from midnight_bad_hits import plugged
from chaos.checks import figures
figures.FIGURES = (*figures.FIGURES, plugged)
"""

SCRIPT = """
import json, sys
from pathlib import Path
from chaos.checks import figures
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


@dataclass(frozen=True)
class Nights:
    """Stored runs, and a midnight that knows one more figure."""

    reports: Path
    site: Path
    row: str  # a statement that adds the row; empty: the figure is a plug-in's

    def told(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "MIDNIGHT_REPORTS": str(self.reports),
            "PYTHONPATH": str(self.site),
            "COLUMNS": "200",
        }
        argv = [sys.executable, "-c", self.row + SCRIPT, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.fixture(scope="module", params=[pytest.param("a row", marks=pytest.mark.full), "a plug-in"])
def nights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Ten stored runs, of which the newest five have bad hits; too few to fail an objective."""
    reports, site = tmp_path_factory.mktemp("reports"), tmp_path_factory.mktemp("site")
    if request.param == "a row":
        (site / "midnight_bad_hits.py").write_text(FIGURE)
    else:
        install(site, "figures", "bad_hits", FIGURE)
    for number in range(10):
        bad = [(30.0, 30.4, Outcome.BAD_STATUS)] if number >= 5 else []
        run = reports / f"night/202611{number + 1:02}T000000Z-000000"
        Night(bad=bad).write(run)
        about = json.loads((run / "run.json").read_text())
        about |= {"id": run.name, "started": f"2026-11-{number + 1:02}T00:00:00+00:00"}
        (run / "run.json").write_text(json.dumps(about))
    found = Nights(reports, site, ROW if request.param == "a row" else "")
    found.told("judge", str(reports / "night"))
    return found


def test_the_verdict_holds_it(nights: Nights) -> None:
    verdicts = [json.loads(file.read_text()) for file in sorted(nights.reports.rglob("verdict.json"))]
    assert [each["figures"]["bad_hits"] for each in verdicts] == [0] * 5 + [4] * 5


def test_the_list_of_runs_shows_it(nights: Nights) -> None:
    runs = json.loads(nights.told("runs", "--json"))
    assert sorted(each["figures"]["bad_hits"] for each in runs)[-1] == 4
    header = nights.told("runs").splitlines()[0]
    assert header.split("verdict")[1].split() == [
        *(word for figure in FIGURES if figure.listed and not figure.rare for word in figure.label.split()),
        *("bad", "hits"),
    ]


def test_the_trend_calls_it_a_regression(nights: Nights) -> None:
    trend: dict[str, Any]
    (trend,) = json.loads(nights.told("trend", "night", "--json"))
    (found,) = (each for each in trend["figures"] if each["figure"] == "bad_hits")
    assert (found["state"], found["unit"]) == ("regression", "count")
    summary = nights.told("trend", "night").splitlines()[0]
    assert "bad hits" in summary.split("REGRESSION: ")[1]


def test_the_gate_compares_it_and_takes_a_tolerance_for_it(nights: Nights) -> None:
    usual, wider = nights.told("gate", str(nights.reports)).splitlines()
    assert "bad_hits:fail" in usual.split()
    assert "bad_hits:pass" in wider.split()
