"""Numbers as people read them, the seconds of a play, the steps, the JSON and the terminal."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from rich.console import Console

from chaos.checks.rejudge import judge_run
from chaos.record import hits
from chaos.record.hits import Outcome
from chaos.record.journal import Event, Journal, Span, Writer
from chaos.record.store import RunDir
from chaos.record.stored_hits import StoredHits
from chaos.reports import svg
from chaos.reports.html import write_report
from chaos.reports.seconds import by_second
from chaos.reports.show import flatten, named, show_any, show_offset, show_value
from chaos.reports.steps import step_records
from chaos.reports.terminal import print_verdict
from chaos.reports.verdict_json import write_verdict
from tests.reports.stored_run import write_run


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return write_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "–"),
        (float("nan"), "s", "–"),
        (float("inf"), "s", "∞"),
        (0.0834, "s", "83.4 ms"),
        (2.004, "s", "2 s"),
        (30.0, "s", "30 s"),
        (900.0, "s", "15m"),
        (95.2, "s", "1m 35.2s"),
        (0.98999, "ratio", "98.999 %"),
        (0.9999999, "ratio", "99.999 %"),
        (1.0, "ratio", "100 %"),
        (1553.0, "count", "1,553"),
        (1553.0, "bytes", "1.55 kB"),
    ],
)
def test_a_value_is_shown_in_its_unit_and_never_rounded_up_to_what_it_missed(
    value: float | None, unit: str, shown: str
) -> None:
    assert show_value(value, unit) == shown


def test_evidence_of_any_shape_is_one_line() -> None:
    assert show_any({"peak_connections": 97, "codes": ["53300", 2], "oom": False}) == (
        "peak connections: 97; codes: 53300, 2; oom: no"
    )
    assert named({"bytes_written": 1024.0**3}) == [("written", "1.07 GB")]
    assert named({"writers": {"sync_median": 0.0673}}) == [("writers", "sync median: 67.3 ms")]
    assert named({"loss": 27.0, "losses": 3}) == [("loss", "27 s"), ("losses", "3")]
    assert named({"worst_lag": 0.007, "p99": 75.0}) == [("worst lag", "7 ms"), ("p99", "1m 15s")]
    assert show_any([{"start": 54.4, "end": None}]) == "start: 54.4 s; end: –"
    assert flatten({"pool": {"size": 30, "more": {}}, "ping": True}) == [
        ("pool.size", 30),
        ("pool.more", {}),
        ("ping", True),
    ]


def test_an_instant_is_shown_in_seconds_of_the_play() -> None:
    assert show_offset(77.2, 26.0) == "+51.2 s"
    assert show_offset(103.4, 26.0) == "+1m 17.4s"
    assert show_offset(20.0, 26.0) == "-6 s"
    assert show_offset(25.99, 26.0) == "+0 s"
    assert show_offset(None, 26.0) == "–"


def test_every_hit_of_the_play_is_counted_in_the_second_it_was_due(run: RunDir) -> None:
    journal = Journal(run)
    play = journal.play
    assert play is not None
    table = hits.select(hits.open_table(run.hits), play.start, play.end)
    seconds = by_second(journal.hits, play)
    assert sum(count.sum() for count in seconds.counts.values()) == len(table)
    chosen = table[(table["due"] >= play.start + 60) & (table["due"] < play.start + 61)]
    good = chosen[chosen["outcome"] == Outcome.GOOD]
    assert seconds.counts[Outcome.GOOD][60] == len(good)
    in_order = sorted([*(good["done"] - good["due"]), *[np.inf] * (len(chosen) - len(good))])
    assert seconds.percentiles[50][60] == in_order[int(np.ceil(len(chosen) / 2)) - 1]


def test_a_second_without_hits_has_no_percentile(run: RunDir) -> None:
    assert np.isnan(by_second(StoredHits(run.path / "absent"), Span(0.0, 3.0)).percentiles[99]).all()


@pytest.mark.parametrize(
    ("phases", "state"),
    [
        ((), "never started"),
        (("injecting", "injected"), "not undone"),
        (("injecting", "injected", "held", "undone"), "undone"),
        (("injecting", "failed", "undone"), "failed, undone"),
        (("skipped",), "skipped"),
    ],
)
def test_a_step_is_in_the_state_its_last_event_left_it(
    run: RunDir, phases: tuple[str, ...], state: str
) -> None:
    run.events.unlink()
    writer = Writer(run.events)
    for at, phase in enumerate(phases):
        writer.event(Event(float(at), "step", "batch", phase, {"because": "r"} if phase == "skipped" else {}))
    writer.close()
    batch = next(step for step in step_records(Journal(run)) if step.name == "batch")
    assert batch.state == state
    assert (batch.because == "r") == (state == "skipped")


def test_the_json_verdict_is_strict_and_written_as_a_whole_file(run: RunDir) -> None:
    verdict = judge_run(run)
    path = write_verdict(run, verdict)
    document = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (document["verdict"], document["exit_code"]) == ("fail", 1)
    assert document["headline"] == verdict.headline
    assert path == run.verdict
    assert not list(run.path.glob("*.part"))


@pytest.mark.parametrize("terminal", [True, False])
def test_the_terminal_shows_the_headline_first_then_every_finding_and_the_reports_path(
    run: RunDir, terminal: bool
) -> None:
    verdict = judge_run(run)
    report = write_report(run, verdict)
    out = io.StringIO()
    print_verdict(run, verdict, Console(file=out, force_terminal=terminal, width=160, color_system=None))
    lines = out.getvalue().splitlines()
    assert lines[0] == verdict.headline
    assert lines[-1] == f"report: {report}"
    text = " ".join(out.getvalue().split())
    for finding in verdict.findings:
        assert finding.because.split()[0] in text
    for link in verdict.links:
        assert link.title in text


def test_a_narrow_terminal_breaks_the_first_line_between_words_and_the_reports_path_not_at_all(
    run: RunDir,
) -> None:
    verdict = judge_run(run)
    report = write_report(run, verdict)
    out = io.StringIO()
    print_verdict(run, verdict, Console(file=out, force_terminal=True, width=60, color_system=None))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    first = next(number for number, line in enumerate(lines) if verdict.headline.endswith(line)) + 1
    assert first > 1 and " ".join(lines[:first]) == verdict.headline
    assert lines[-1] == f"report: {report}"


@pytest.mark.parametrize(
    ("points", "left"),
    [
        ([0, 0, 0, 0, 5, 0, 0], 5),  # the first and the last of each stretch at one height
        ([0, 1, 2, 3], 4),
        ([7] * 400, 2),
    ],
)
def test_a_gauge_that_stands_still_is_drawn_with_two_points(points: list[int], left: int) -> None:
    figure = Figure()
    axis = figure.add_subplot()
    with rc_context({"path.simplify": False}):
        axis.plot(points, color="#123456")
        drawn = svg.element(figure, "a gauge")
    (path,) = re.findall(r'<path d="([^"]+)"[^>]*stroke: #123456', drawn)
    assert len(re.findall(r"[ML]", path)) == left


def test_an_axis_is_marked_with_times_as_they_are_written_elsewhere() -> None:
    figure = Figure()
    axis = figure.add_subplot()
    axis.set_xlim(0, 110)
    svg.mark_times(axis, 110, 6)
    figure.canvas.draw()
    shown = [label.get_text() for label in axis.get_xticklabels()]
    assert shown[1:-1] == ["0 s", "20 s", "40 s", "1m", "1m 20s", "1m 40s"]  # the others are beyond both ends
