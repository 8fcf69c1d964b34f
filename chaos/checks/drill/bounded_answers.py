"""During the loss every request gets an answer, if only a refusal, within the target's promised time."""

from __future__ import annotations

import numpy as np

from chaos.checks.exact import Times
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.observation import ANSWERED, Observation
from chaos.checks.text import many
from chaos.record.events import StepUndone, TargetReady
from chaos.spec.units import show_seconds

NAME = "answered"


def check(judged: Judged) -> list[Finding]:
    """`answered`: the longest wait for an answer among hits due during the loss."""
    drill, loss, journal = judged.experiment.drill, judged.incident, judged.journal
    if drill is None or not drill.answered:
        return []
    ready = journal.latest(TargetReady)
    promised = None if ready is None else ready.answers_within
    undone = journal.latest(StepUndone, drill.loss)

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> Finding:
        return Finding(NAME, outcome, measured, promised, "s", because)

    if loss is None or undone is None:
        return [finding(Outcome.UNKNOWN, "the loss never happened, or never ended")]
    if promised is None:
        because = "the target promises no deadline: requests may hang forever"
        return [finding(Outcome.FAIL, because)]
    seen = judged.held_to(promised)
    during = None if seen is None else (seen.due >= loss.ended) & (seen.due + promised < undone.at)
    if seen is None or during is None or not during.any():
        because = f"no hit was due more than the promised {show_seconds(promised)} before the end of the loss"
        return [finding(Outcome.UNKNOWN, because)]
    waited, unsure = _waited(seen)[during], seen.indeterminate[during]
    late = waited > promised + seen.held_to.lag  # the instrument's lag must not be blamed on the target
    proven, open_ones = int((late & ~unsure).sum()), int((late & unsure).sum())
    longest = float(waited.max())
    because = f"{many(proven, 'request')} of {len(late)} had no answer within {show_seconds(promised)}"
    because += f", the longest wait {show_seconds(longest)}"
    if proven or not open_ones:
        return [finding(Outcome.FAIL if proven else Outcome.PASS, because, longest)]
    return [finding(Outcome.UNKNOWN, f"{because}; {open_ones} are indeterminate", longest)]


def _waited(seen: Observation) -> Times:
    """Return seconds from due to any answer, even a refusal; infinite without one."""
    end = seen.first + len(seen)
    waited: Times = seen.hits.column(
        lambda rows: np.where(np.isin(rows["outcome"], ANSWERED), rows["done"] - rows["due"], np.inf),
        np.float64,
        seen.first,
        end,
    )
    return waited
