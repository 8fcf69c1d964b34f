"""A figure that a run did not exercise is absent from lists and pages: it is neither 0 nor infinite there."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from chaos.checks.figures import named
from chaos.cli import memory
from chaos.history.entry import read_entry
from chaos.history.trend import Trend, trends
from chaos.reports import trend_html
from chaos.reports.trend_rows import extent, rows
from chaos.web.plots import plots
from chaos.web.rendering import figures_of
from tests.history.stored import Stored


def trend_of(reports: Path, *figures: dict[str, float | None]) -> Trend:
    runs = [Stored(night, figures=each).write(reports) for night, each in enumerate(figures)]
    (found,) = trends([read_entry(run) for run in runs], 30)
    return found


@pytest.mark.parametrize("name", ["recovery", "rto"])
def test_without_an_outage_there_is_no_recovery(name: str) -> None:
    figure = named(name)
    assert not figure.exercised(0.0)
    assert not figure.exercised(None)
    assert figure.exercised(0.5)


@pytest.mark.parametrize("name", ["lost_writes", "rpo", "availability"])
def test_what_was_measured_as_zero_is_zero(name: str) -> None:
    assert named(name).exercised(0.0)


def test_a_list_has_the_figures_that_were_exercised(tmp_path: Path) -> None:
    calm: dict[str, float | None] = {"recovery": 0.0, "worst_outage": 0.0}
    hurt: dict[str, float | None] = {"recovery": 2.0, "worst_outage": 9.0}
    lists = [
        {
            figure.label: value
            for figure, value in figures_of(read_entry(Stored(n, figures=f).write(tmp_path)))
        }
        for n, f in enumerate((calm, hurt))
    ]
    assert lists[0] == {"availability": "100 %", "p99": "100 ms", "lost writes": "0"}
    assert lists[1] == {**lists[0], "recovery": "2 s", "RTO": "9 s"}


def test_midnight_runs_has_a_dash_for_a_recovery_that_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path))
    Stored(0).write(tmp_path)
    Stored(1, figures={"recovery": 2.0}).write(tmp_path)
    memory.runs()
    calm, hurt = capsys.readouterr().out.splitlines()[-2:]
    assert calm.split()[-5:] == ["%", "100", "ms", "–", "0"]
    assert hurt.split()[-3:] == ["2", "s", "0"]


def test_a_trend_of_calm_runs_has_no_recovery(tmp_path: Path) -> None:
    found = trend_of(tmp_path, {}, {})
    shown = {row.label: (row.last, row.before, row.now) for row in rows(found)}
    assert shown["recovery"] == shown["RTO"] == ("–", "–", "–")
    assert shown["RPO"] == ("0 s", "0 s", "0 s")
    assert "none in 2 runs" in [extent(each) for each in found.movements if each.figure.name == "recovery"]


def test_a_trend_shows_the_memory_that_a_request_leaves_behind_as_a_size(tmp_path: Path) -> None:
    found = trend_of(tmp_path, {"memory_per_request": 1500.0}, {"memory_per_request": 23_400.0})
    shown = {row.label: (row.before, row.now, row.last) for row in rows(found)}
    assert shown["memory left behind per request"] == ("1.5 kB", "23.4 kB", "23.4 kB")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.1, 0.3), "100 ms to 300 ms"),
        ((0.1, 0.1), "100 ms in 2 runs"),
        (
            (0.1, math.inf, 0.3, None),
            "100 ms to 300 ms; ∞ in 2 runs: more than 1 % of the requests were not answered well",
        ),
        ((math.inf, math.inf), "∞ in 2 runs: more than 1 % of the requests were not answered well"),
    ],
)
def test_the_axis_spans_finite_values_and_says_which_are_not(
    tmp_path: Path, values: tuple[float | None, ...], words: str
) -> None:
    """A percentile of hits that is null in a verdict is infinite: JSON has no infinity."""
    found = trend_of(tmp_path, *({"p99": None if value == math.inf else value} for value in values))
    (movement,) = [each for each in found.movements if each.figure.name == "p99"]
    assert extent(movement) == words
    (plot,) = [each for each in plots(found) if each.figure.name == "p99"]
    assert plot.extent == words
    assert all(math.isfinite(point.y) for point in plot.points)
    html = re.sub(r"<[^>]+>", " ", trend_html.render([found]))
    assert (f"p99: {words}" in html) is (set(values) == {math.inf})
