"""Whether the run went to its end, whether the backup could be restored, and how long that took."""

from __future__ import annotations

from chaos.checks.completeness import not_restored
from chaos.checks.finding import Finding, Outcome
from chaos.checks.words import seconds
from chaos.journal import Journal
from chaos.restore_experiment import RestoreExperiment

TECHNICAL = "technical: detection, decision and repointing are not in it"


def check(experiment: RestoreExperiment, journal: Journal) -> list[Finding]:
    """`run` (completeness), `restored`, and `rto` against limit and promise."""
    problem = _problem(journal)
    outcome = Outcome.PASS if problem is None else Outcome.UNKNOWN
    run = Finding("completeness", "run", outcome, None, None, "", problem or "the run went to its end")
    return [run, _restored(journal), _rto(experiment, journal)]


def _problem(journal: Journal) -> str | None:
    ended = journal.last("run", "run", "ended")
    if ended is None:
        return "the run has no end in its journal: it was killed"
    reason, because = ended.detail.get("reason"), ended.detail.get("because")
    if reason != "completed":
        return f"the run did not complete: {reason}" + (f" ({because})" if because else "")
    return not_restored(journal)


def _restored(journal: Journal) -> Finding:
    failed, ended = journal.last("restore", "restore", "failed"), journal.last("restore", "restore", "ended")
    if failed is not None:
        because = f"the backup cannot be restored: {failed.detail['because']}"
        return Finding("restore", "restored", Outcome.FAIL, None, None, "", because)
    if ended is None:
        return Finding("restore", "restored", Outcome.UNKNOWN, None, None, "", "no restore was completed")
    size = f"{ended.detail['bytes'] / 1e6:,.0f} MB"
    because = f"{_which(journal)} was restored: {size} on PostgreSQL {ended.detail['server']}"
    return Finding("restore", "restored", Outcome.PASS, None, None, "", because)


def _which(journal: Journal) -> str:
    chosen = journal.last("restore", "backup", "chosen")
    return str(chosen.detail["path"]).rstrip("/").rpartition("/")[2] if chosen else "the backup"


def _rto(experiment: RestoreExperiment, journal: Journal) -> Finding:
    ended, allowed = journal.last("restore", "restore", "ended"), experiment.rto
    if ended is None:
        because = "nothing was restored, so nothing can be said about how long it takes"
        return Finding("recovery", "rto", Outcome.NOT_EXERCISED, None, allowed, "s", because)
    took = float(ended.detail["seconds"])
    outcome = Outcome.PASS if took <= allowed else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"restored in {seconds(took)} {sign} {seconds(allowed)} ({TECHNICAL})"
    evidence = {"promise": experiment.promise.rto, "limit": experiment.limits.rto}
    return Finding("recovery", "rto", outcome, took, allowed, "s", because, evidence)
