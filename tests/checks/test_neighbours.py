"""What other programs do to the machine is theirs: no link of the target's chain, and said apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.checks import neighbours
from chaos.checks.judged import Judged
from chaos.checks.link import Link
from chaos.checks.rejudge import judge_run
from chaos.record.journal import Event, Journal
from chaos.reports.explain import explain
from tests.checks.synthetic import LENGTH, PLAY, STEP, Night, approx, step_events

MACHINE, OWN, API = ("machine", "cpu"), ("machine", "own_cpu"), ("process:api", "cpu")
ALWAYS = (-PLAY, LENGTH)


def night(
    machine: float, own: float, api: float, before: tuple[float, float, float] = (0.2, 0.1, 0.1)
) -> Night:
    """From 20 s on, the machine's processors and the two CPUs' share of midnight's own processes and of the API."""
    values = zip((MACHINE, OWN, API), (machine, own, api), before, strict=True)
    return Night(gauges={key: [(*ALWAYS, quiet), (20, 40, value)] for key, value, quiet in values})


def cpu(path: Path, night: Night) -> tuple[Link, Journal]:
    experiment, journal = night.write(path)
    about = journal.run.run_file
    about.write_text(about.read_text().replace('"profile"', '"host": {"cpus": 2}, "profile"', 1))
    journal = Journal(journal.run)
    return next(link for link in Judged(experiment, journal).links if link.name == "cpu"), journal


@pytest.mark.parametrize(
    ("night", "moved"),
    [
        (night(1.0, 1.7, 0.2), True),  # the step's own burners
        (night(1.0, 0.2, 1.7), True),  # the target's own work
        (night(1.0, 0.1, 0.1), False),  # somebody else's
        (night(1.0, 0.2, 0.4), False),  # mostly somebody else's
        (night(1.0, 0.3, 0.3, before=(0.9, 0.1, 0.1)), False),  # as before the play
    ],
)
def test_cpu_runs_out_only_if_the_target_or_a_step_used_it(tmp_path: Path, night: Night, moved: bool) -> None:
    assert cpu(tmp_path, night)[0].moved is moved


def test_without_the_gauge_of_older_journals_the_machine_as_a_whole_counts(tmp_path: Path) -> None:
    old = Night(gauges={MACHINE: [(20, 40, 1.0)]})
    link, journal = cpu(tmp_path, old)
    assert link.moved
    assert not len(neighbours.others(journal).at)
    assert neighbours.before_the_play(journal) is None


def shares(found: neighbours.Busy | None) -> tuple[float, str]:
    assert found is not None
    return found.share, found.when


def test_others_are_what_neither_the_target_nor_midnight_used(tmp_path: Path) -> None:
    _, journal = cpu(tmp_path, night(0.9, 0.4, 0.6))
    during = neighbours.others(journal).between(PLAY + 21, PLAY + 39).value
    assert during == approx([0.4] * len(during))
    assert shares(neighbours.before_the_play(journal)) == (approx(0.1), "during the baseline")


@pytest.mark.parametrize(("late", "moved_by"), [(1.25, 21.5), (4.0, 24.5)])
def test_a_job_that_is_counted_a_second_late_is_no_other_program(
    tmp_path: Path, late: float, moved_by: float
) -> None:
    gauges = {key: [(*ALWAYS, quiet)] for key, quiet in ((MACHINE, 0.2), (OWN, 0.1), (API, 0.1))}
    gauges[MACHINE] += [(20, 40, 1.0)]
    gauges[OWN] += [(20 + late, 40, 1.8)]
    link, journal = cpu(tmp_path, Night(gauges=gauges))
    assert link.moved
    assert link.at is not None
    assert (link.at - PLAY > 21.5) == (late > 2)
    assert link.at - PLAY <= moved_by
    during = neighbours.others(journal).between(PLAY + 20, PLAY + 40).value.max()
    assert (during > 0.5) == (late > 2)


def test_a_machine_that_was_busy_when_it_was_looked_at_is_known(tmp_path: Path) -> None:
    busy = Night(steps=[Event(1.0, "run", "machine", "looked", {"busy": 0.8})])
    assert shares(neighbours.before_the_play(busy.write(tmp_path)[1])) == (
        approx(0.8),
        "at the start",
    )


def test_what_others_used_is_told_with_its_span_and_each_span_has_one_figure(tmp_path: Path) -> None:
    gauges = {key: [(*ALWAYS, quiet)] for key, quiet in ((MACHINE, 0.7), (OWN, 0.1), (API, 0.1))}
    gauges[MACHINE] += [(0, LENGTH, 0.9)]
    looked = Event(1.0, "run", "machine", "looked", {"busy": 0.3})
    busy = Night(gauges=gauges, steps=[looked, *step_events("drop", *STEP)])
    link, journal = cpu(tmp_path, busy)
    assert "other programs, 80 % on average while it played, left aside" in link.because
    verdict = judge_run(journal.run)
    page = " ".join(" ".join(explain(journal, verdict).lines()).split())
    assert page.count("ther programs used 60 % of the machine during the baseline") == 1
    assert not re.search(r"30 %|70 %|90 % of the machine", page)
