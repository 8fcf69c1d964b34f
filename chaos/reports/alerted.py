"""The alerts of a run: when each was pending, firing, delivered and resolved, as rows of text and in the timeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from chaos.checks.alert_states import Episode, episodes
from chaos.checks.text import many
from chaos.record.events import AlertDelivered
from chaos.record.journal import Journal, Span
from chaos.reports.show import show_offset
from chaos.reports.svg import INK

DRAWN = 8  # alerts in the timeline: more would push the gauges off the page
LISTED = 40  # rows of the table
COLOUR = "#5f4b8b"
LETTER = 0.075  # inches of a letter of a name, at most


@dataclass(frozen=True, slots=True)
class Alerted:
    """One time that an alert was active; `delivered`: to midnight's receiver."""

    episode: Episode
    delivered: float | None


@dataclass(frozen=True, slots=True)
class AlertsSection:
    header: list[str]
    rows: list[list[str]]
    notes: list[str]


HEADER = ["alert", "labels", "pending", "firing", "delivered", "resolved"]


def section(journal: Journal) -> AlertsSection | None:
    """The rows in order of time, in seconds of play; None if no alert changed its state."""
    play, moved, still = journal.play, *_sorted(journal)
    if play is None or not (moved or still):
        return None
    notes = [f"and {many(len(moved) - LISTED, 'more row')}"] if len(moved) > LISTED else []
    if still:
        notes.append(f"pending or firing before the play and until its end: {', '.join(still)}")
    return AlertsSection(HEADER, [_row(each, play.start) for each in moved[:LISTED]], notes)


def _row(alerted: Alerted, zero: float) -> list[str]:
    episode = alerted.episode
    instants = (
        episode.begun if episode.begun < episode.fired_at else None,  # a rule without `for` is never pending
        episode.firing,
        alerted.delivered,
        None if math.isinf(episode.ended) else episode.ended,
    )
    labels = ", ".join(f"{name}={value}" for name, value in episode.labels.items())
    return [episode.name, labels, *(show_offset(at, zero) for at in instants)]


def _sorted(journal: Journal) -> tuple[list[Alerted], list[str]]:
    """What became active or was resolved in the play or after it, and the names of those that were active all along."""
    start = journal.play.start if journal.play is not None else 0.0
    moved, still = [], []
    for episode in episodes(journal):
        if episode.begun < start and math.isinf(episode.ended):
            still.append(episode.name)
        elif episode.ended > start:
            moved.append(Alerted(episode, _delivered(episode, journal)))
    return moved, list(dict.fromkeys(still))


def _delivered(episode: Episode, journal: Journal) -> float | None:
    """Alertmanager groups alerts, and says again what still fires: the first time counts."""
    for each in journal.every(AlertDelivered, episode.name):
        if each.status == "firing" and episode.fired_at <= each.at and episode.is_of(each.labels):
            return each.at
    return None


def drawn(journal: Journal) -> list[tuple[str, list[Alerted]]]:
    """The first alerts of the play, by name: one row each in the timeline."""
    found: dict[str, list[Alerted]] = {}
    play = journal.play
    for each in _sorted(journal)[0]:
        if play is not None and each.episode.begun < play.end:
            found.setdefault(each.episode.name, []).append(each)
    return list(found.items())[:DRAWN]


def draw(axis: Axes, row: int, name: str, alerted: Sequence[Alerted], play: Span, per_second: float) -> None:
    """A line while it is pending, a bar while it fires, a mark when it was delivered: told apart without colour.

    `per_second`: inches.
    """
    length = play.end - play.start
    for each in alerted:
        begun, fired, ended = (
            min(max(at - play.start, 0.0), length)
            for at in (each.episode.begun, each.episode.fired_at, each.episode.ended)
        )
        axis.barh(row, min(fired, ended) - begun, left=begun, height=0.14, color=COLOUR)
        if fired < ended:
            axis.barh(row, ended - fired, left=fired, height=0.62, color=COLOUR)
        if each.delivered is not None and each.delivered <= play.end:
            at = each.delivered - play.start
            axis.plot([at], [row], marker="v", markersize=5, color="white", markeredgecolor=INK)
    first = max(alerted[0].episode.begun - play.start, 0.0)
    last = min(max(each.episode.ended for each in alerted) - play.start, length)
    needs, gap = len(name) * LETTER / per_second, 0.005 * length
    place, side = (first - gap, "right") if needs < first else (last + gap, "left")
    if needs > first and needs > length - last:  # no room beside it
        place, side = (first + last) / 2, "center"
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
    axis.text(place, row, name, color=COLOUR, ha=side, va="center", fontsize=8, fontweight="bold",
              bbox=box if side == "center" else None)  # fmt: skip
