"""Judge whether the target was healthy under load before anything was injected."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from chaos.checks import bounds
from chaos.checks.bounds import Account
from chaos.checks.exact import percentile, reaches
from chaos.checks.observation import ANSWERED
from chaos.record import hits
from chaos.record.events import BaselineEnded
from chaos.record.hits import HitTable
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Baseline, Experiment
from chaos.spec.units import show_seconds


def judge_baseline(experiment: Experiment, run: RunDir, start: float, end: float) -> BaselineEnded:
    """Judge a baseline that lasted from `start` to `end` on the run clock."""
    table = hits.select(hits.open_table(run.hits), start, end)
    own = bounds.account(experiment, Journal(run).instrument, start, end)
    return judge_hits(experiment.load.baseline, table, own, end)


def judge_hits(baseline: Baseline, table: HitTable, own: Account, end: float) -> BaselineEnded:
    """Judge whether the baseline's hits show a steady state; `end` is its end on the run clock.

    The p99 is of good hits only: availability judges the others, and may allow more than 1 % of them. `own` is the
    instrument's own accuracy: if it is too coarse for what is judged, there is no steady state.
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
    if p99 is not None and p99 > baseline.p99:
        problems.append(f"p99 {show_seconds(p99)} is above {show_seconds(baseline.p99)}")
    if own.unfit:
        problems.append(f"what is judged is too fine for this machine: {own.said}")
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
