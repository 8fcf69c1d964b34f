"""The timeline: panels over seconds of play with shaded steps, as inline SVG with text kept as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chaos.checks.bounds import strictest
from chaos.checks.observation import windows
from chaos.record.events import QuietPoint
from chaos.record.journal import Journal, Span
from chaos.reports import alerted, svg
from chaos.reports.panels import LIMIT, PANELS, Draw, Played
from chaos.reports.steps import StepRecord
from chaos.reports.svg import FAINT, INK, STYLE
from chaos.spec.experiment import Experiment

STEP_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d", "#72b7b2")
DOUBT = "#8a5a00"
_ACROSS = 4  # labels in one row of a legend above its panel
_TOGETHER = 0.3  # seconds: stretches in doubt that are closer are drawn as one
_THIN = 0.4  # seconds: a shorter step would be invisible

_TOP, _BOTTOM = 0.02, 0.45  # inches


@dataclass(frozen=True, slots=True)
class Layout:
    """Measures in inches; `apart`: the least distance of two numbered marks, as a share of the width."""

    width: float
    left: float
    right: float
    gap: float  # between panels
    apart: float
    ticks: int
    text: float  # factor on the size of small text
    beside: bool  # legends beside the panels, else above them

    @property
    def name(self) -> str:
        """What a screen reader says of the drawing."""
        return "Timeline of the play" if self.beside else "Timeline of the play, narrow"


WIDE = Layout(11.2, 0.72, 1.78, 0.4, 0.019, 13, 1.0, beside=True)
NARROW = Layout(4.4, 0.62, 0.12, 0.72, 0.05, 6, 0.8, beside=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered instant of the play, in seconds since the run's start: a link of the chain."""

    label: str
    at: float


def timelines(
    experiment: Experiment,
    journal: Journal,
    steps: Sequence[StepRecord],
    marks: Sequence[Mark] = (),
    outages: Sequence[Span] = (),
) -> tuple[str, str]:
    """Draw every panel that has data as one SVG element, wide and narrow; both are empty if nothing was played.

    `outages` and all other times are on the run clock.
    """
    play = journal.play
    if play is None or play.end <= play.start:
        return "", ""
    played, doubted = Played(experiment, journal, play), in_doubt(experiment, journal)
    wide, narrow = (_drawn(played, doubted, steps, marks, outages, layout) for layout in (WIDE, NARROW))
    return wide, narrow


def _drawn(
    played: Played,
    doubted: Sequence[Span],
    steps: Sequence[StepRecord],
    marks: Sequence[Mark],
    outages: Sequence[Span],
    layout: Layout,
) -> str:
    experiment, journal, play = played.experiment, played.journal, played.play
    panels = [panel for panel in PANELS if panel.has_data(journal)]
    alerts, below = alerted.drawn(journal), len(steps) + 2  # rows of the story
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure, (story, *axes) = _stack(
            [0.4 + 0.2 * (below + len(alerts)), *(panel.height for panel in panels)], layout
        )
        _draw_story(story, stretches(experiment, journal, play), play, steps, marks, layout)
        _draw_spans(story, play, outages, len(steps) + 1, "outage", LIMIT)
        _draw_spans(story, play, doubted, below, "load in doubt", DOUBT)
        per_second = (layout.width - layout.left - layout.right) / (play.end - play.start)
        for row, (name, each) in enumerate(alerts, start=below + 1):
            alerted.draw(story, row, name, each, play, per_second)
        story.set_ylim(below + len(alerts) + 0.5, -1.7)
        for axis, panel in zip(axes, panels, strict=True):
            _draw_panel(axis, panel.draw, played, layout)
            axis.set_title(panel.title, pad=None if layout.beside else 5 + 9 * _rows_of_legend(axis))
            _shade(axis, play, steps, marks)
            for span in doubted if panel.of_load else ():
                axis.axvspan(span.start - play.start, span.end - play.start, color=DOUBT, alpha=0.25, lw=0)
        story.set_xlim(0, play.end - play.start)
        last = axes[-1]
        last.tick_params(labelbottom=True)
        last.set_xlabel("seconds of play")
        last.xaxis.set_major_locator(MaxNLocator(layout.ticks, steps=[1, 2, 5, 10]))
        return svg.element(figure, layout.name)


def _stack(heights: Sequence[float], layout: Layout) -> tuple[Figure, list[Axes]]:
    """Return a figure and stacked axes of these heights (inches), sharing x.

    Laid out by hand: a layout engine would draw everything twice to measure it.
    """
    height = _TOP + sum(heights) + layout.gap * (len(heights) - 1) + _BOTTOM
    figure = Figure(figsize=(layout.width, height))
    axes: list[Axes] = []
    top = height - _TOP
    for each in heights:
        across = layout.width - layout.left - layout.right
        place = (layout.left / layout.width, (top - each) / height, across / layout.width, each / height)
        axes.append(figure.add_axes(place, sharex=axes[0] if axes else None))
        axes[-1].tick_params(labelbottom=False)
        top -= each + layout.gap
    return figure, axes


def _rows_of_legend(axis: Axes) -> int:
    return -(-len(axis.get_legend_handles_labels()[1]) // _ACROSS)


def _draw_panel(axis: Axes, draw: Draw, played: Played, layout: Layout) -> None:
    draw(axis, played)
    axis.grid(axis="y", color="#e4e7eb", linewidth=0.6)
    axis.set_axisbelow(True)
    if not axis.get_legend_handles_labels()[1]:
        return
    if layout.beside:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), handlelength=1.2, borderaxespad=0.4)
    else:
        axis.legend(
            loc="lower left",
            bbox_to_anchor=(-0.01, 0.98),
            ncols=_ACROSS,
            fontsize=6.5,
            handlelength=1.0,
            columnspacing=0.9,
            borderaxespad=0.0,
        )


def _draw_story(
    axis: Axes,
    load: Sequence[tuple[str, Span]],
    play: Span,
    steps: Sequence[StepRecord],
    marks: Sequence[Mark],
    layout: Layout,
) -> None:
    """Draw the numbered links, the parts of the load, then one bar per step."""
    _draw_load(axis, load, play, layout)
    for row, step in enumerate(steps, start=1):
        colour = STEP_COLOURS[(row - 1) % len(STEP_COLOURS)]
        span = _step_span(step, play)
        if span is None:
            axis.text(0.5, row, f"{step.name}: {step.state}", va="center", color=FAINT, fontsize=8)
            continue
        axis.barh(row, max(span.end - span.start, _THIN), left=span.start, height=0.62, color=colour)
        _name(axis, span, row, play, name=step.name, colour=colour)
    _draw_marks(axis, play, marks, layout)
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(bottom=False)


def _draw_spans(axis: Axes, play: Span, spans: Sequence[Span], row: int, name: str, colour: str) -> None:
    """Draw spans of the run clock in one row, the first one with their name."""
    for index, each in enumerate(spans):
        span = Span(each.start - play.start, each.end - play.start)
        axis.barh(row, span.end - span.start, left=span.start, height=0.62, color=colour)
        if index == 0:
            _name(axis, span, row, play, name=name, colour=colour)


def in_doubt(experiment: Experiment, journal: Journal) -> list[Span]:
    """Return the stretches of the play in which the load generator itself was late, on the run clock: what was due then
    may have been good or bad."""
    play, seen = journal.play, windows(strictest(experiment), journal)
    found: list[Span] = []
    for start, end in zip(seen.start[seen.doubted], seen.end[seen.doubted], strict=True):
        if play is None or end <= play.start or start >= play.end:
            continue
        joined = found.pop().start if found and start - found[-1].end < _TOGETHER else float(start)
        found.append(Span(max(joined, play.start), min(float(end), play.end)))
    return found


def _name(axis: Axes, span: Span, row: int, play: Span, *, name: str, colour: str) -> None:
    """Label a bar on its left, or on its right if it starts too early to leave room."""
    gap = (play.end - play.start) * 0.005
    early = span.start < (play.end - play.start) * 0.15
    place, side = (
        (min(span.end, play.end - play.start) + gap, "left") if early else (span.start - gap, "right")
    )
    axis.text(place, row, name, color=colour, ha=side, va="center", fontsize=8.5, fontweight="bold")


def stretches(experiment: Experiment, journal: Journal, play: Span) -> list[tuple[str, Span]]:
    """The parts of the load with their names, on the run clock: phases as planned, rounds as played, by route."""
    found: list[tuple[str, Span]] = []
    start = play.start
    for phase in experiment.load.phases:
        found.append((f"{phase.name} {phase.rate:g}/s", Span(start, start + phase.length)))
        start += phase.length
    for point in journal.every(QuietPoint) if experiment.load.rounds else ():
        name = (point.route or point.name) + (f" x{point.times}" if point.times > 1 else "")
        if found and found[-1][0] == name:
            start = found.pop()[1].start
        found.append((name, Span(start, point.at)))
        start = point.at
    return found


def _draw_load(axis: Axes, load: Sequence[tuple[str, Span]], play: Span, layout: Layout) -> None:
    """Draw the parts of the load as far as they were played."""
    for index, (label, part) in enumerate(load):
        start, end = part.start - play.start, min(part.end, play.end) - play.start
        if end <= start:
            break
        axis.barh(0, end - start, left=start, height=0.7, color="#e4e7eb" if index % 2 else "#f0f2f4")
        size = 8 * layout.text
        if (end - start) / (play.end - play.start) * layout.width * 72 < len(label) * size * 0.5:
            continue  # it would run into its neighbours
        axis.text((start + end) / 2, 0, label, ha="center", va="center", fontsize=size, color="#52606d")


def _draw_marks(axis: Axes, play: Span, marks: Sequence[Mark], layout: Layout) -> None:
    """Draw a number for each link, joined to its instant; links close in time are moved apart."""
    places = [mark.at - play.start for mark in marks]
    disc = {"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"}
    for shown, place, mark in zip(_spread(places, play, layout.apart), places, marks, strict=True):
        axis.plot([shown, place], [-1.2, -0.4], color=INK, linewidth=0.7)
        axis.text(shown, -1.2, mark.label, ha="center", va="center", fontsize=7.5, color="white",
                  fontweight="bold", bbox=disc)  # fmt: skip


def _spread(places: list[float], play: Span, apart: float) -> list[float]:
    """Move the positions apart just enough that their labels do not overlap."""
    gap = (play.end - play.start) * apart
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
