"""While no step acts, the service answers well: at most 1 % of those hits may be bad."""

from __future__ import annotations

import numpy as np

from chaos.checks import Check, Finding, Judged, Outcome
from chaos.checks.finding import bounded
from chaos.checks.text import percent

NAME = "undisturbed"
ALLOWED = 0.99  # the least share of good hits


def judge(judged: Judged) -> list[Finding]:
    """One finding. Doubted hits count as bad, then as good: the outcome must be the same, or it is `unknown`."""
    seen = judged.observation
    if seen is None:
        return [Finding(NAME, Outcome.UNKNOWN, None, ALLOWED, "ratio", "there was no play")]
    chosen = seen.offered.copy()
    for span in judged.spans:
        chosen &= ~((seen.due >= span.start) & (seen.due < span.until(seen.end)))
    hits = int(np.count_nonzero(chosen))
    if not hits:
        because = "a step acted during all of the play"
        return [Finding(NAME, Outcome.NOT_EXERCISED, None, ALLOWED, "ratio", because)]
    worst, best = (float(np.mean(good[chosen])) for good in (seen.at_worst, seen.at_best))
    outcome = bounded(worst >= ALLOWED, best >= ALLOWED)
    because = f"{percent(worst)} of {hits} hits were good while no step acted ({percent(ALLOWED)} required)"
    return [Finding(NAME, outcome, worst, ALLOWED, "ratio", because, {"hits": hits, "at_best": best})]


undisturbed = Check(NAME, judge, at_least=True, cards={NAME: "good while undisturbed"})
