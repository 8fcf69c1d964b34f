"""Whether the target was well under load before anything was injected."""

from __future__ import annotations

from typing import Any

import numpy as np

from chaos import hits
from chaos.checks.exact import percentile, reaches
from chaos.checks.observation import ANSWERED
from chaos.experiment import Baseline
from chaos.hits import HitTable
from chaos.units import show_seconds


def judge_baseline(baseline: Baseline, table: HitTable) -> dict[str, Any]:
    """{"steady", "because", "availability", "p99"} of the baseline's hits. The p99 is that of the good ones: the
    availability judges the others, and may allow more than 1 % of them."""
    good = hits.good(table)
    count, total = int(np.count_nonzero(good)), len(table)
    p99 = percentile((table["done"] - table["due"])[good], 99)
    problems = []
    if total == 0:
        problems.append("no request was due")
    if not reaches(count, total, baseline.availability):
        problems.append(f"{count} of {total} requests were good, {baseline.availability:.2%} is needed")
        if not np.isin(table["outcome"], ANSWERED).any():
            problems.append("none was answered: the load never reached the target")
    if p99 is not None and p99 > baseline.p99:
        problems.append(f"p99 {show_seconds(p99)} is above {show_seconds(baseline.p99)}")
    return {
        "steady": not problems,
        "because": "; ".join(problems) or f"{count} of {total} requests were good",
        "availability": count / total if total else 0.0,
        "p99": p99,
    }
