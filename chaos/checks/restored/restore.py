"""Whether the run went to its end, whether the backup could be restored, and how long that took."""

from __future__ import annotations

from chaos.checks.completeness import not_undone
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import JudgedRestore
from chaos.record.journal import Journal
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.units import show_seconds

_SHOWN = 3
TECHNICAL = "technical: detection, decision and repointing are not in it"


def check(judged: JudgedRestore) -> list[Finding]:
    """`run` (completeness), `restored`, `isolation`, `contents`, and `rto` against limit and budget."""
    journal = judged.journal
    problem = _problem(journal)
    outcome = Outcome.PASS if problem is None else Outcome.UNKNOWN
    run = Finding("completeness", "run", outcome, None, None, "", problem or "the run went to its end")
    return [
        run,
        _restored(journal),
        _isolation(journal),
        _contents(journal),
        _rto(judged.experiment, journal),
    ]


def _problem(journal: Journal) -> str | None:
    ended = journal.last("run", "run", "ended")
    if ended is None:
        return "the run has no end in its journal: it was killed"
    reason, because = ended.detail.get("reason"), ended.detail.get("because")
    if reason != "completed":
        return f"the run did not complete: {reason}" + (f" ({because})" if because else "")
    return not_undone(journal)


def _restored(journal: Journal) -> Finding:
    failed, ended = journal.last("restore", "restore", "failed"), journal.last("restore", "restore", "ended")
    if failed is not None:
        because = f"the backup cannot be restored: {failed.detail['because']}"
        return Finding("restore", "restored", Outcome.FAIL, None, None, "", because)
    if ended is None:
        outlasted = journal.last("restore", "restore", "outlasted")
        because = "no restore was completed" if outlasted is None else str(outlasted.detail["because"])
        return Finding("restore", "restored", Outcome.UNKNOWN, None, None, "", because)
    size = f"{ended.detail['bytes'] / 1e6:,.0f} MB"
    because = f"{_which(journal)} was restored: {size} on PostgreSQL {ended.detail['server']}"
    said = _harmless(journal)
    if said:
        because += f"; harmless messages, listed: {len(said)}"
    evidence = {"harmless": said} if said else {}
    return Finding("restore", "restored", Outcome.PASS, None, None, "", because, evidence)


def _harmless(journal: Journal) -> list[str]:
    """What every new server refuses of a dump, and what midnight did instead."""
    loaded = journal.last("restore", "load", "ended")
    if loaded is None:
        return []
    roles = [
        f"role {name} was made, which the dump does not bring" for name in loaded.detail.get("roles_made", [])
    ]
    return [*loaded.detail.get("harmless", []), *roles]


def _isolation(journal: Journal) -> Finding:
    proven = journal.last("restore", "isolation", "ended")
    if proven is None:
        because = "no copy ran for long enough to be looked at"
        return Finding("restore", "isolation", Outcome.NOT_EXERCISED, None, None, "", because)
    detail = proven.detail
    evidence = {"settings_held": detail["settings"], "processes": detail["processes"]}
    if detail["by"] == "confined":
        because = "the copy ran in a network and a file tree of its own, with no way out, and started nothing"
        return Finding("restore", "isolation", Outcome.PASS, None, None, "", because, evidence)
    because = f"the copy started nothing, held by settings alone: no network of its own: {detail['because']}"
    return Finding("restore", "isolation", Outcome.NOT_EXERCISED, None, None, "", because, evidence)


def _contents(journal: Journal) -> Finding:
    counted = journal.last("restore", "contents", "ended")
    if counted is None:
        return Finding("restore", "contents", Outcome.NOT_EXERCISED, None, None, "", "nothing was restored")
    if lost := list(counted.detail["lost"]):
        because = f"the backup is not whole: nothing is there of {', '.join(lost[:_SHOWN])}"
        return Finding("restore", "contents", Outcome.FAIL, None, None, "", because, {"lost": lost})
    tables, rows = dict(counted.detail["tables"]), bool(counted.detail["rows"])
    number = sum(tables.values())
    places = ", ".join(f"{name} ({count})" for name, count in tables.items())
    if rows:
        because = (
            f"{number} tables came back: {places}" if tables else "large objects came back, and no table"
        )
        return Finding("restore", "contents", Outcome.PASS, number, None, "", because, {"tables": tables})
    missing = f"not a row in any of its {number} tables: {places}" if tables else "no table at all"
    because = f"the backup is empty: {missing}"
    return Finding("restore", "contents", Outcome.FAIL, number, None, "", because, {"tables": tables})


def _which(journal: Journal) -> str:
    chosen = journal.last("restore", "backup", "chosen")
    return str(chosen.detail["path"]).rstrip("/").rpartition("/")[2] if chosen else "the backup"


def _rto(experiment: RestoreExperiment, journal: Journal) -> Finding:
    ended, allowed = journal.last("restore", "restore", "ended"), experiment.rto
    outlasted = journal.last("restore", "restore", "outlasted")
    if ended is None and outlasted is not None:
        within = float(outlasted.detail["within"])
        because = f"not restored within {show_seconds(within)}, and given up: > {show_seconds(allowed)} ({TECHNICAL})"
        return Finding("recovery", "rto", Outcome.FAIL, within, allowed, "s", because)
    if ended is None:
        because = "nothing was restored, so nothing can be said about how long it takes"
        return Finding("recovery", "rto", Outcome.NOT_EXERCISED, None, allowed, "s", because)
    took = float(ended.detail["seconds"])
    outcome = Outcome.PASS if took <= allowed else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"restored in {show_seconds(took)} {sign} {show_seconds(allowed)} ({TECHNICAL})"
    evidence = {"budget": experiment.budget.rto, "limit": experiment.limits.rto}
    return Finding("recovery", "rto", outcome, took, allowed, "s", because, evidence)
