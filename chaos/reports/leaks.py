"""The report's section on leaks: what grew, by how much, until which limit, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from chaos.checks.finding import Finding, Outcome
from chaos.checks.registered import described
from chaos.reports.show import show_any
from chaos.reports.svg import FAINT, INK, STYLE, element

WIDTH, HEIGHT = 1.9, 0.95  # inches
LEVELS = {1: "from outside", 2: "by stacks", 3: "by the witness"}


@dataclass(frozen=True, slots=True)
class LeakRow:
    """One resource that grew, over the rounds of one route."""

    outcome: Outcome
    resource: str
    route: str
    because: str
    places: list[tuple[str, str]]  # what or place, and how it is known
    stack: str
    plot: Markup


def rows(findings: Sequence[Finding]) -> list[LeakRow]:
    """Everything that grew, in the verdict's order."""
    grown = [
        each for each in findings if described(each.check).section == "leaks" and each.evidence.get("rounds")
    ]
    return [_row(each) for each in grown]


def _row(finding: Finding) -> LeakRow:
    places = [each for each in finding.evidence.get("places") or () if isinstance(each, Mapping)]
    return LeakRow(
        outcome=finding.outcome,
        resource=str(finding.evidence["resource"]).partition(":at ")[0],
        route=str(finding.evidence.get("route") or "none: by the clock"),
        because=finding.because,
        places=[(_place(each), _how(each)) for each in places],
        stack="\n".join(map(str, next((each["stack"] for each in places if each.get("stack")), ()))),
        plot=Markup(_plot(finding)),  # matplotlib escapes its texts
    )


def _place(place: Mapping[str, Any]) -> str:
    """The line, what is left there, who holds it, and whether it may be bounded, as far as they are known."""
    named = ": ".join(str(place[key]) for key in ("place", "what") if place.get(key))
    holder = f"held by {place['holder']}" if place.get("holder") else ""
    return ", ".join(filter(None, [named, holder, str(place.get("bounded") or "")]))


def _how(place: Mapping[str, Any]) -> str:
    return f"{show_any(place.get('count'))} × {place.get('resource')}, {LEVELS.get(int(place.get('level') or 0), '')}"


def _plot(finding: Finding) -> str:
    over = "requests" if finding.evidence.get("route") else "seconds"
    return plot(finding.evidence["rounds"], f"Growth of {finding.name}", over)


def plot(rounds: Sequence[Mapping[str, Any]], name: str = "Growth", over: str = "requests") -> str:
    """Growth of each round over its requests or seconds: on a straight line through the origin, it is by those."""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure = Figure(figsize=(WIDTH, HEIGHT))
        axis = figure.subplots()
        doses, growth = [round(each[over]) for each in rounds], [each["growth"] for each in rounds]
        rate = sum(growth) / sum(doses) if sum(doses) else 0.0
        axis.plot([0, max(doses)], [0, rate * max(doses)], color=FAINT, linewidth=0.8, zorder=1)
        axis.scatter(doses, growth, color=INK, s=14, zorder=2)
        axis.set_xticks(sorted(set(doses)))
        axis.set_yticks(sorted({0.0, max(growth)}))
        axis.tick_params(labelsize=7)
        axis.set_title(f"growth by {over} of a round", fontsize=7, fontweight="normal")
        figure.tight_layout(pad=0.3)
        return element(figure, name)
