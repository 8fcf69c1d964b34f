"""The timeline: panels over seconds of play with shaded steps, as inline SVG with text kept as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chaos.record.journal import Journal, Span
from chaos.reports import svg
from chaos.reports.panels import LIMIT, PANELS, Draw, Played
from chaos.reports.steps import StepRecord
from chaos.reports.svg import FAINT, INK, STYLE
from chaos.spec.experiment import Experiment

STEP_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d", "#72b7b2")
_THIN = 0.4  # seconds: a shorter step would be invisible

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 11.2, 0.72, 1.78, 0.02, 0.45, 0.4  # inches


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered instant of the play, in seconds since the run's start: a link of the chain."""

    label: str
    at: float


def timeline_svg(
    experiment: Experiment,
    journal: Journal,
    steps: Sequence[StepRecord],
    marks: Sequence[Mark] = (),
    outages: Sequence[Span] = (),
) -> str:
    """Draw one SVG element with every panel that has data; empty if nothing was played.

    `outages` and all other times are on the run clock.
    """
    play = journal.play
    if play is None or play.end <= play.start:
        return ""
    played = Played(experiment, journal, play)
    panels = [panel for panel in PANELS if panel.has_data(journal)]
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure, (story, *axes) = _stack([0.4 + 0.2 * (len(steps) + 1), *(panel.height for panel in panels)])
        _draw_story(story, experiment, play, steps, marks)
        _draw_outages(story, play, outages, len(steps) + 1)
        for axis, panel in zip(axes, panels, strict=True):
            _draw_panel(axis, panel.draw, played)
            axis.set_title(panel.title)
            _shade(axis, play, steps, marks)
        story.set_xlim(0, play.end - play.start)
        last = axes[-1]
        last.tick_params(labelbottom=True)
        last.set_xlabel("seconds of play")
        last.xaxis.set_major_locator(MaxNLocator(13, steps=[1, 2, 5, 10]))
        return svg.element(figure)


def _stack(heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """Return a figure and stacked axes of these heights (inches), sharing x.

    Laid out by hand: a layout engine would draw everything twice to measure it.
    """
    height = _TOP + sum(heights) + _GAP * (len(heights) - 1) + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height))
    axes: list[Axes] = []
    top = height - _TOP
    for each in heights:
        place = (_LEFT / _WIDTH, (top - each) / height, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, each / height)
        axes.append(figure.add_axes(place, sharex=axes[0] if axes else None))
        axes[-1].tick_params(labelbottom=False)
        top -= each + _GAP
    return figure, axes


def _draw_panel(axis: Axes, draw: Draw, played: Played) -> None:
    draw(axis, played)
    axis.grid(axis="y", color="#e4e7eb", linewidth=0.6)
    axis.set_axisbelow(True)
    if axis.get_legend_handles_labels()[1]:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), handlelength=1.2, borderaxespad=0.4)


def _draw_story(
    axis: Axes, experiment: Experiment, play: Span, steps: Sequence[StepRecord], marks: Sequence[Mark]
) -> None:
    """Draw the numbered links, the load's phases, then one bar per step."""
    _draw_phases(axis, experiment, play)
    for row, step in enumerate(steps, start=1):
        colour = STEP_COLOURS[(row - 1) % len(STEP_COLOURS)]
        span = _step_span(step, play)
        if span is None:
            axis.text(0.5, row, f"{step.name}: {step.state}", va="center", color=FAINT, fontsize=8)
            continue
        axis.barh(row, max(span.end - span.start, _THIN), left=span.start, height=0.62, color=colour)
        _name(axis, span, row, play, name=step.name, colour=colour)
    _draw_marks(axis, play, marks)
    axis.set_ylim(len(steps) + 1.5, -1.7)
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(bottom=False)


def _draw_outages(axis: Axes, play: Span, outages: Sequence[Span], row: int) -> None:
    for index, outage in enumerate(outages):
        span = Span(outage.start - play.start, outage.end - play.start)
        axis.barh(row, span.end - span.start, left=span.start, height=0.62, color=LIMIT)
        if index == 0:
            _name(axis, span, row, play, name="outage", colour=LIMIT)


def _name(axis: Axes, span: Span, row: int, play: Span, *, name: str, colour: str) -> None:
    """Label a bar on its left, or on its right if it starts too early to leave room."""
    gap = (play.end - play.start) * 0.005
    early = span.start < (play.end - play.start) * 0.15
    place, side = (
        (min(span.end, play.end - play.start) + gap, "left") if early else (span.start - gap, "right")
    )
    axis.text(place, row, name, color=colour, ha=side, va="center", fontsize=8.5, fontweight="bold")


def _draw_phases(axis: Axes, experiment: Experiment, play: Span) -> None:
    """Draw the phases as far as they were played."""
    start, played = 0.0, play.end - play.start
    for index, phase in enumerate(experiment.load.phases):
        length = min(phase.length, played - start)
        if length <= 0:
            break
        axis.barh(0, length, left=start, height=0.7, color="#e4e7eb" if index % 2 else "#f0f2f4")
        label = f"{phase.name} {phase.rate:g}/s"
        axis.text(start + length / 2, 0, label, ha="center", va="center", fontsize=8, color="#52606d")
        start += length


def _draw_marks(axis: Axes, play: Span, marks: Sequence[Mark]) -> None:
    """Draw a number for each link, joined to its instant; links close in time are moved apart."""
    places = [mark.at - play.start for mark in marks]
    disc = {"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"}
    for shown, place, mark in zip(_spread(places, play), places, marks, strict=True):
        axis.plot([shown, place], [-1.2, -0.4], color=INK, linewidth=0.7)
        axis.text(shown, -1.2, mark.label, ha="center", va="center", fontsize=7.5, color="white",
                  fontweight="bold", bbox=disc)  # fmt: skip


def _spread(places: list[float], play: Span) -> list[float]:
    """Move the positions apart just enough that their labels do not overlap."""
    gap = (play.end - play.start) * 0.019
    spread: list[float] = []
    for place in places:
        spread.append(max(place, spread[-1] + gap) if spread else place)
    return spread


def _shade(axis: Axes, play: Span, steps: Sequence[StepRecord], marks: Sequence[Mark]) -> None:
    for row, step in enumerate(steps):
        span = _step_span(step, play)
        if span is not None:
            colour = STEP_COLOURS[row % len(STEP_COLOURS)]
            axis.axvspan(
                span.start, max(span.end, span.start + _THIN), color=colour, alpha=0.1, lw=0, zorder=0
            )
    for mark in marks:
        axis.axvline(mark.at - play.start, color=INK, linewidth=0.6, alpha=0.35)


def _step_span(step: StepRecord, play: Span) -> Span | None:
    """Return the span from when it could first act to its undo, else to the end; in seconds of play."""
    if step.injecting is None:
        return None
    return Span(step.injecting - play.start, (step.undone or play.end) - play.start)
