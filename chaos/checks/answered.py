"""While the loss lasts every request gets an answer, if only a refusal, within what the target promises."""

from __future__ import annotations

import numpy as np

from chaos.checks.finding import Finding, Outcome
from chaos.checks.incident import incident
from chaos.checks.instrument import bound
from chaos.checks.words import many, seconds
from chaos.experiment import Experiment
from chaos.hits import Outcome as Hit
from chaos.journal import Journal

ANSWERED = (Hit.GOOD, Hit.BAD_STATUS, Hit.BAD_BODY)


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """`answered`: the longest wait for an answer of the hits that were due while the loss lasted."""
    drill, loss = experiment.drill, incident(experiment, journal)
    if drill is None or not drill.answered:
        return []
    ready = journal.find("target", phase="ready")
    promised = ready[-1].detail.get("answers_within") if ready else None
    restored = journal.last("step", drill.loss, "restored")

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> Finding:
        return Finding("answered", "answered", outcome, measured, promised, "s", because)

    if loss is None or restored is None:
        return [finding(Outcome.UNKNOWN, "the loss never happened, or never ended")]
    if promised is None:
        because = "the target promises no deadline: what hangs may hang for ever"
        return [finding(Outcome.FAIL, because)]
    rows = np.concatenate([np.asarray(piece) for piece in journal.hits.pieces()])
    rows = rows[(rows["due"] >= loss.ended) & (rows["due"] + promised < restored.at)]
    if not len(rows):
        because = f"no hit was due while the loss lasted for longer than the {seconds(promised)} promised"
        return [finding(Outcome.UNKNOWN, because)]
    answered = np.isin(rows["outcome"], ANSWERED)
    waited = np.where(answered, rows["done"] - rows["due"], np.inf)
    lag = bound(experiment, promised).lag
    allowed = promised + lag  # of the instrument, which must not be blamed on the target
    late = int((waited > allowed).sum())
    longest = float(waited.max())
    because = f"{many(late, 'request')} of {len(rows)} had no answer within {seconds(promised)}"
    because += f", the longest wait {seconds(longest)}"
    return [finding(Outcome.FAIL if late else Outcome.PASS, because, longest)]
