"""Check that the run was completed and the backup restored, and how long that took."""

from __future__ import annotations

from chaos.checks.completeness import not_undone
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import JudgedRestore
from chaos.checks.text import many
from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.units import show_seconds

NAME = "restore"

_SHOWN = 3
TECHNICAL = "technical: without detection, decision and repointing"


def run(judged: JudgedRestore) -> list[Finding]:
    """`run`: whether it was completed."""
    problem = _problem(judged.journal)
    outcome = Outcome.PASS if problem is None else Outcome.UNKNOWN
    return [Finding("run", outcome, None, None, "", problem or "the run was completed")]


def check(judged: JudgedRestore) -> list[Finding]:
    """`restored`, `isolation` and `contents`."""
    journal = judged.journal
    return [_restored(journal), _isolation(journal), _contents(journal)]


def _problem(journal: Journal) -> str | None:
    ended = journal.latest(events.RunEnded)
    if ended is None:
        return "the journal does not record the end of the run: it was killed"
    if ended.reason != "completed":
        return f"the run did not complete: {ended.reason}" + (f" ({ended.because})" if ended.because else "")
    return not_undone(journal)


def _restored(journal: Journal) -> Finding:
    failed, ended = journal.latest(events.RestoreFailed), journal.latest(events.RestoreEnded)
    if failed is not None:
        because = f"the backup cannot be restored: {failed.because}"
        return Finding("restored", Outcome.FAIL, None, None, "", because)
    if ended is None:
        outlasted = journal.latest(events.RestoreOutlasted)
        because = "no restore was completed" if outlasted is None else outlasted.because
        return Finding("restored", Outcome.UNKNOWN, None, None, "", because)
    size = f"{ended.bytes / 1e6:,.0f} MB"
    because = f"{_which(journal)} was restored: {size} on PostgreSQL {ended.server}"
    said = _harmless(journal)
    if said:
        because += f"; {many(len(said), 'harmless message')}, listed as evidence"
    evidence = {"harmless": said} if said else {}
    return Finding("restored", Outcome.PASS, None, None, "", because, evidence)


def _harmless(journal: Journal) -> list[str]:
    """Messages of every new server about a dump, and what midnight did instead."""
    loaded = journal.latest(events.LoadEnded)
    if loaded is None:
        return []
    roles = [f"role {name} was created, which the dump lacks" for name in loaded.roles_made]
    return [*loaded.harmless, *roles]


def _isolation(journal: Journal) -> Finding:
    proven = journal.latest(events.IsolationProven)
    if proven is None:
        because = "no copy ran long enough to be examined"
        return Finding("isolation", Outcome.NOT_EXERCISED, None, None, "", because)
    evidence = {"settings_held": proven.settings, "processes": list(proven.processes)}
    if proven.by == "confined":
        because = "the copy ran in its own isolated network and file tree, and started nothing"
        return Finding("isolation", Outcome.PASS, None, None, "", because, evidence)
    because = f"the copy had no network of its own, and started nothing only because of its settings: {proven.because}"
    return Finding("isolation", Outcome.NOT_EXERCISED, None, None, "", because, evidence)


def _contents(journal: Journal) -> Finding:
    counted = journal.latest(events.ContentsCounted)
    if counted is None:
        return Finding("contents", Outcome.NOT_EXERCISED, None, None, "", "nothing was restored")
    if lost := list(counted.lost):
        because = f"the backup is incomplete: nothing was restored from {', '.join(lost[:_SHOWN])}"
        return Finding("contents", Outcome.FAIL, None, None, "", because, {"lost": lost})
    tables, rows = dict(counted.tables), counted.rows
    number = sum(tables.values())
    places = ", ".join(f"{name} ({count})" for name, count in tables.items())
    if rows:
        because = f"{number} tables restored: {places}" if tables else "large objects restored, but no table"
        return Finding("contents", Outcome.PASS, number, None, "", because, {"tables": tables})
    missing = f"no row in any of its {number} tables: {places}" if tables else "no table at all"
    because = f"the backup is empty: {missing}"
    return Finding("contents", Outcome.FAIL, number, None, "", because, {"tables": tables})


def _which(journal: Journal) -> str:
    chosen = journal.latest(events.BackupChosen)
    return chosen.path.rstrip("/").rpartition("/")[2] if chosen else "the backup"


def duration(judged: JudgedRestore) -> list[Finding]:
    """`rto` against limit and budget."""
    return [_rto(judged.experiment, judged.journal)]


def _rto(experiment: RestoreExperiment, journal: Journal) -> Finding:
    ended, allowed = journal.latest(events.RestoreEnded), experiment.rto
    outlasted = journal.latest(events.RestoreOutlasted)
    if ended is None and outlasted is not None:
        within = float(outlasted.within)
        because = (
            f"given up, not restored within {show_seconds(within)}: > {show_seconds(allowed)} ({TECHNICAL})"
        )
        return Finding("rto", Outcome.FAIL, within, allowed, "s", because, lower_bound=True)
    if ended is None:
        because = "nothing was restored, so the time it takes is unknown"
        return Finding("rto", Outcome.NOT_EXERCISED, None, allowed, "s", because)
    took = float(ended.seconds)
    outcome = Outcome.PASS if took <= allowed else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"restored in {show_seconds(took)} {sign} {show_seconds(allowed)} ({TECHNICAL})"
    evidence = {"budget": experiment.budget.rto, "limit": experiment.limits.rto}
    return Finding("rto", outcome, took, allowed, "s", because, evidence)
