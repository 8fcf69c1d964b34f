"""Judge whether the target was healthy under load before anything was injected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from chaos.checks import bad_answers, bounds
from chaos.checks.bad_answers import OfRoute
from chaos.checks.bounds import Account
from chaos.checks.exact import percentile, reaches
from chaos.checks.observation import ANSWERED
from chaos.record import hits
from chaos.record.events import BaselineEnded
from chaos.record.hits import HitTable
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment
from chaos.spec.load import Baseline
from chaos.spec.units import show_seconds

_MOST_SAID = 4  # kinds of bad answers in the reason of a baseline that failed


def judge_baseline(experiment: Experiment, run: RunDir, start: float, end: float) -> BaselineEnded:
    """Judge a baseline that lasted from `start` to `end` on the run clock."""
    table = hits.select(hits.open_table(run.hits), start, end)
    journal = Journal(run)
    own = bounds.account(experiment, journal.instrument, start, end)
    bad = bad_answers.of_rows([table], journal.hits_header, journal.bad_answers, start)
    return judge_hits(experiment.load.baseline, table, own, end, bad)


def judge_hits(
    baseline: Baseline, table: HitTable, own: Account, end: float, bad: Sequence[OfRoute] = ()
) -> BaselineEnded:
    """Judge whether the baseline's hits show a steady state; `end` is its end on the run clock.

    The p99 is of good hits only: availability judges the others, and may allow more than 1 % of them. `own` is the
    instrument's own accuracy: if it is too coarse for what is judged, there is no steady state. `bad` explains the bad
    answers.
    """
    good = hits.good(table)
    count, total = int(np.count_nonzero(good)), len(table)
    p99 = percentile((table["done"] - table["due"])[good], 99)
    problems = []
    if total == 0:
        problems.append("no request was due")
    if not reaches(count, total, baseline.availability):
        problems.append(f"{count} of {total} requests were good, {baseline.availability:.2%} required")
        if not np.isin(table["outcome"], ANSWERED).any():
            problems.append("none answered: the load never reached the target")
        said = list(bad_answers.sentences(bad))
        problems += said[:_MOST_SAID]
        if more := len(said[_MOST_SAID:]):
            problems.append(f"and {more} more kinds of bad answers")
        problems += bad_answers.causes(bad)
    if p99 is not None and p99 > baseline.p99:
        problems.append(f"p99 {show_seconds(p99)} is above {show_seconds(baseline.p99)}")
    if own.unfit:
        problems.append(f"this machine is too slow for what is to be judged: {own.said}")
    told = "; ".join(problems) or f"{count} of {total} requests were good"
    if own.said and not own.unfit:
        told += f"; {own.said}"
    return BaselineEnded(
        end,
        steady=not problems,
        because=told,
        availability=count / total if total else 0.0,
        p99=p99,
        instrument=asdict(own),
    )
