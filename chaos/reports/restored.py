"""The sections and timeline of a backup check's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from chaos.checks import completeness, loss, recovery
from chaos.checks.drill import projection
from chaos.checks.restored import answers, restore, soundness
from chaos.checks.verdict import Verdict
from chaos.record import events
from chaos.record.journal import Journal
from chaos.record.manifest import Manifest
from chaos.reports import svg
from chaos.reports.cards import Card, key_figures
from chaos.reports.page import clauses, footer
from chaos.reports.rows import FindingRow, finding_row
from chaos.reports.show import show_any, utc, words
from chaos.spec.units import show_seconds

RECOVERY = (restore.NAME, recovery.NAME, loss.NAME)
SOUNDNESS = (completeness.NAME, soundness.NAME)

_LABELS = {"worst outage (RTO)": "restore time (technical RTO)", "RPO": "RPO (age of the newest heartbeat)"}
_COLOURS = {"copy": "#4c78a8", "replay": "#f58518", "create": "#54a24b", "load": "#4c78a8"}
_OTHERS = "#9aa5b1"
_WIDTH = 11.2  # inches
_TICKS = 9

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    verdict: Verdict
    footer: str  # of each printed page
    headline: list[str]
    title: str
    subtitle: Pairs
    cards: list[Card]
    backup: Pairs
    recovery: list[FindingRow]
    answers: list[FindingRow]
    soundness: list[FindingRow]
    projection: list[FindingRow]
    repeat: Pairs
    versions: Pairs
    command: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span, in seconds since the restore began."""

    name: str
    start: float
    end: float


def build(journal: Journal, verdict: Verdict) -> Page:
    """Build the page. Every finding is in exactly one of its tables."""
    manifest = journal.manifest
    return Page(
        verdict=verdict,
        footer=footer(verdict),
        headline=clauses(verdict.headline),
        title=manifest.title,
        subtitle=[
            ("target", verdict.target),
            ("started", utc(manifest.started)),
            ("by", manifest.started_by),
            ("run", verdict.run),
        ],
        cards=[
            replace(card, label=_LABELS.get(card.label, card.label)) for card in key_figures(verdict.findings)
        ],
        backup=_backup(journal),
        recovery=_rows(verdict, RECOVERY),
        answers=_rows(verdict, (answers.NAME,)),
        soundness=_rows(verdict, SOUNDNESS),
        projection=_rows(verdict, (projection.NAME,)),
        repeat=_repeat(manifest),
        versions=[(name, show_any(value)) for name, value in manifest.versions.items()],
        command=manifest.command,
    )


def stretches(journal: Journal) -> list[Stretch]:
    """Return what was done, in order of start: each event has its end and its duration."""
    sources = (events.RestoreEnded.source, events.QueryAnswered.source)
    told = [event for source in sources for event in journal.find(source)]
    begun = journal.latest(events.RestoreBegun)
    zero = begun.at if begun else 0.0
    found = [
        Stretch(each.name, each.at - zero - each.seconds, each.at - zero)
        for each in told
        if each.seconds is not None and events.RestoreEnded.of(each) is None
    ]
    # The restore's own spans are all recorded when the last one ends: lay them end to end.
    spans = [each for each in found if each.name in _COLOURS]
    at, placed = 0.0, []
    for span in spans:
        placed.append(Stretch(span.name, at, at + span.end - span.start))
        at = placed[-1].end
    return sorted(
        [*placed, *(each for each in found if each.name not in _COLOURS)], key=lambda each: each.start
    )


def timeline(journal: Journal) -> str:
    """Draw one SVG element with a bar per span; empty without spans."""
    found = stretches(journal)
    if not found:
        return ""
    with mpl.rc_context(svg.STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure = Figure(figsize=(_WIDTH, 0.55 + 0.3 * len(found)), layout="constrained")
        axis = figure.add_subplot()
        for row, each in enumerate(found):
            length = each.end - each.start
            axis.barh(row, length, left=each.start, height=0.6, color=_COLOURS.get(each.name, _OTHERS))
            axis.annotate(
                show_seconds(length),
                (each.end, row),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axis.set_yticks(range(len(found)), [words(each.name) for each in found])
        axis.invert_yaxis()
        axis.margins(x=0.08)
        axis.set_xlim(left=0)
        axis.set_xlabel("since the restore began")
        svg.mark_times(axis, axis.get_xlim()[1], _TICKS)
        return svg.element(figure, "Timeline of the restore")


def _rows(verdict: Verdict, checks: Sequence[str]) -> list[FindingRow]:
    return [finding_row(f) for check in checks for f in verdict.findings if f.check == check]


def _backup(journal: Journal) -> Pairs:
    told: dict[str, Any] = {}
    for event in (journal.latest(events.BackupChosen), journal.latest(events.BackupDescribed)):
        told |= dict(event.detail) if event else {}
    if not told:
        return [("path", show_any(journal.manifest.options.get("path")))]
    if "size" in told:
        told["size"] = f"{told['size'] / 1e6:,.1f} MB as stored"
    pairs = [(words(name), show_any(value)) for name, value in told.items() if value is not None]
    identified = journal.latest(events.BackupIdentified)
    sums = identified.sha256 if identified else {}
    return pairs + [(f"SHA-256 of {file.rpartition('/')[2]}", digest) for file, digest in sums.items()]


def _repeat(manifest: Manifest) -> Pairs:
    host = manifest.host
    pairs = [
        ("experiment file", manifest.experiment_file),
        ("git revision", manifest.git),
        ("machine", host.name),
        ("CPUs", host.cpus),
        ("kernel", host.kernel),
    ]
    return [(name, show_any(value)) for name, value in pairs if value is not None]
