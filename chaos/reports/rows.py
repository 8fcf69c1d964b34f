"""Findings and links as rows of text, the same in every report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks.finding import Finding, Outcome
from chaos.checks.link import Link
from chaos.checks.registered import described
from chaos.reports.show import named, show_bound, show_measured, show_offset, words

_ELSEWHERE = (
    "by_step",
    "by_route",
    "outages",
    "error_budget",
    "account",
)  # shown in their own tables, or as the note


@dataclass(frozen=True, slots=True)
class FindingRow:
    outcome: Outcome
    label: str
    measured: str
    allowed: str
    because: str
    note: str  # the error budget, if any
    evidence: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """`number` counts the links that moved, from 1; empty if this one did not."""

    number: str
    title: str
    at: str
    because: str


def finding_row(finding: Finding) -> FindingRow:
    check = words(finding.check)
    same = finding.name in (finding.check, "")
    return FindingRow(
        outcome=finding.outcome,
        label=check if same else f"{check}: {finding.name}",
        measured=show_measured(finding),
        allowed=show_bound(described(finding.check).sign(finding.unit), finding.allowed, finding.unit),
        because=finding.because,
        note=str(finding.evidence.get("error_budget", "")),
        evidence=named({k: v for k, v in finding.evidence.items() if k not in _ELSEWHERE}),
    )


def _seen(link: Link) -> str:
    """Its sentence without the instant, which has a column of its own."""
    instant, _, seen = link.because.partition(" into the play: ")
    return seen or instant


def link_rows(links: Sequence[Link], zero: float | None) -> list[LinkRow]:
    """Return the links in the verdict's order; `zero` is the play's start on the run clock."""
    rows, moved = [], 0
    for link in links:
        moved += link.moved
        number = str(moved) if link.moved else ""
        rows.append(LinkRow(number, link.title, show_offset(link.at, zero), _seen(link)))
    return rows
