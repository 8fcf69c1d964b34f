"""The timeline's panels, top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chaos.checks import neighbours
from chaos.record.gauges import Api, Database, Machine, Process, Source, Volume
from chaos.record.hits import Outcome
from chaos.record.journal import Journal, Series, Span
from chaos.reports.seconds import Seconds, by_second
from chaos.reports.strokes import PROCESSES, VOLUMES, area, fill, line
from chaos.spec.experiment import Experiment
from chaos.spec.units import show_seconds


@dataclass(frozen=True, eq=False)
class Played:
    """The play that a timeline draws, from start to end on the run clock."""

    experiment: Experiment
    journal: Journal
    play: Span

    @cached_property
    def seconds(self) -> Seconds:
        """The hits per second, used by two panels."""
        return by_second(self.journal.hits, self.play)

    def others(self, scale: float = 1.0) -> Series:
        """Return the share of the machine that other programs used, over seconds of play."""
        found = neighbours.others(self.journal).between(self.play.start, self.play.end)
        return Series(found.at - self.play.start, found.value * scale)

    def gauge(self, source: str, gauge: str, scale: float = 1.0) -> Series:
        """Return one gauge over seconds of play."""
        found = self.journal.series(source, gauge).between(self.play.start, self.play.end)
        return Series(found.at - self.play.start, found.value * scale)


Draw = Callable[[Axes, Played], None]

OUTCOME_COLOURS = {
    Outcome.GOOD: "#c3d0dc",
    Outcome.BAD_STATUS: "#d1495b",
    Outcome.TIMEOUT: "#edae49",
    Outcome.REFUSED: "#7b2d8b",
    Outcome.RESET: "#00798c",
    Outcome.BAD_BODY: "#8d6a4f",
    Outcome.BAD_HEADER: "#c98b5e",
    Outcome.BAD_JSON: "#b5651d",
    Outcome.BAD_SIZE: "#d8a48f",
    Outcome.BAD_STREAM: "#5f4b3c",
    Outcome.LATE_BEGIN: "#f2c14e",
    Outcome.PENDING: "#3e4c59",
    Outcome.UNSENT: "#7b8794",
}
OUTCOME_HATCHES = dict(
    zip(
        OUTCOME_COLOURS,
        ("", "//", "..", "xx", "--", "\\\\", "||", "++", "oo", "**", "O", "/.", "\\|"),
        strict=True,
    )
)
LIMIT = "#a61b29"
DEEP = "#1b2a41"
MB = 1e6


@dataclass(frozen=True, slots=True)
class Panel:
    """`height` in inches. Omitted from the figure if it has `gauges` and none of them was sampled."""

    title: str
    height: float
    draw: Draw
    gauges: tuple[tuple[str, str], ...] = ()
    of_load: bool = False  # drawn from what the load generator saw

    def has_data(self, journal: Journal) -> bool:
        """Return the sources; one that ends with `:` matches every source of that kind."""
        sampled = journal.gauges()
        return not self.gauges or any(
            gauge == wanted and (source == kind or (kind.endswith(":") and source.startswith(kind)))
            for kind, wanted in self.gauges
            for source, gauge in sampled
        )


def draw_rate(axis: Axes, played: Played) -> None:
    seconds = played.seconds
    edges = np.append(seconds.at, seconds.at[-1] + 1)
    base = np.zeros(len(edges))
    for outcome, colour in OUTCOME_COLOURS.items():
        count = seconds.counts[outcome]
        if not count.any():
            continue
        top = base + np.append(count, count[-1])
        label = outcome.name.lower().replace("_", " ")
        area(axis, edges, base, top, colour, label, OUTCOME_HATCHES[outcome], step="post")
        base = top
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def draw_latency(axis: Axes, played: Played) -> None:
    """Draw on a log scale; a percentile without a good answer is on `failed`, above the timeout."""
    seconds = played.seconds
    never = played.experiment.load.timeout * 8
    for percentile, colour, style in ((50, "#4f8fbf", ":"), (95, "#2874a6", "-."), (99, DEEP, "-")):
        found = seconds.percentiles[percentile]
        seen = ~np.isnan(found)
        height = np.minimum(found[seen], never)
        line(axis, Series(seconds.at[seen] + 0.5, height), colour, f"p{percentile}", style)
    for slo in played.experiment.slos:
        if slo.latency is not None:
            label = f"{slo.name} {show_seconds(slo.latency.below)}"
            axis.axhline(slo.latency.below, color=LIMIT, linestyle="--", linewidth=1, label=label)
    axis.set_yscale("log")
    axis.set_ylim(top=never * 1.3)
    ticks = [tick for tick in (0.001, 0.01, 0.1, 1.0, 10.0) if tick < never / 3]
    axis.set_yticks([*ticks, never], [*(show_seconds(tick) for tick in ticks), "failed"])
    axis.minorticks_off()


def draw_pool(axis: Axes, played: Played) -> None:
    own = played.gauge(Source.API, Api.POOL_CHECKED_OUT)
    if len(own.at):
        fill(axis, own, "#5b8def", "in use")
    else:  # as the database sees it
        fill(
            axis, played.gauge(Source.DATABASE, Database.SERVICE_SESSIONS), "#b7c9e2", "sessions of its role"
        )
        fill(axis, played.gauge(Source.DATABASE, Database.SERVICE_IN_USE), "#5b8def", "of them in use", "//")
    line(axis, played.gauge(Source.API, Api.POOL_SIZE), LIMIT, "size", "--")
    axis.set_ylim(0)


def draw_waiting(axis: Axes, played: Played) -> None:
    fill(axis, played.gauge(Source.API, Api.IN_FLIGHT), "#d9e2ec", "in the API")
    fill(axis, played.gauge(Source.API, Api.POOL_WAITERS), "#e58a96", "waiting for a connection", "//")
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def draw_database(axis: Axes, played: Played) -> None:
    fill(axis, played.gauge(Source.DATABASE, Database.CONNECTIONS), "#b7c9e2", "connections")
    fill(axis, played.gauge(Source.DATABASE, Database.ACTIVE), "#5b8def", "active", "//")
    line(axis, played.gauge(Source.DATABASE, Database.MAX_CONNECTIONS), LIMIT, "max_connections", "--")
    axis.set_ylim(0)


def draw_cpu(axis: Axes, played: Played) -> None:
    cpus = float(played.journal.manifest.host.cpus or 1)
    machine, beside = played.gauge(Source.MACHINE, Machine.CPU, 100), played.others(100)
    fill(axis, machine, "#d9e2ec", "target and steps" if len(beside.at) else "whole machine")
    if len(beside.at):  # drawn on top, down from the machine's use: what is left below is the run's own
        used = np.interp(beside.at, machine.at, machine.value)
        area(axis, beside.at, used - beside.value, used, "#9aa5b1", "other programs", "//")
    sampled = [
        source
        for source, gauge in played.journal.gauges()
        if source.startswith(Source.PROCESS) and gauge == Process.CPU
    ]
    for source, (colour, style) in zip(sampled, PROCESSES, strict=False):
        used_by = played.gauge(source, Process.CPU, 100 / cpus)
        line(axis, used_by, colour, source.removeprefix(Source.PROCESS), style)
    axis.set_ylim(0, 105)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def draw_bandwidth(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.WRITE_BPS, 1 / MB, " written")
    _volumes(axis, played, Volume.READ_BPS, 1 / MB, " read", ":")
    _volumes(axis, played, Volume.LIMIT, 1 / MB, " limit", "--")
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(3))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} MB/s"))


def draw_queued(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.QUEUED, 1)
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(3, integer=True))


def plateaus(waits: Series) -> Series:
    """Return each wait at its full length for as long as it lasted. A wait is sampled while it grows; drawn as sampled,
    one slow sync is a ramp that looks like a disk that gets slower."""
    value = waits.value.copy()
    end = len(value)
    while end > 0:
        first = end - 1
        while first > 0 and _grew(waits, first):
            first -= 1
        value[first:end] = waits.value[end - 1]
        end = first
    return Series(waits.at, value)


def _grew(waits: Series, index: int) -> bool:
    """Return True if the same sync was waited for at this sample and the one before."""
    passed = waits.at[index] - waits.at[index - 1]
    grown = waits.value[index] - waits.value[index - 1]
    return bool(abs(grown - passed) < 0.2 * passed and waits.value[index] > passed)


def draw_sync_wait(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.SYNC_WAIT, 1, change=plateaus)
    axis.set_ylim(0)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show_seconds(value)))


def _volumes(
    axis: Axes,
    played: Played,
    gauge: str,
    scale: float,
    what: str = "",
    style: str = "-",
    change: Callable[[Series], Series] = lambda series: series,
) -> None:
    """Draw a line per volume; those on one disk, with the same values, share a line."""
    drawn: dict[bytes, tuple[list[str], Series]] = {}
    for source in sorted({each for each, _ in played.journal.gauges() if each.startswith(Source.VOLUME)}):
        series = played.gauge(source, gauge, scale)
        drawn.setdefault(series.value.tobytes(), ([], series))[0].append(source.removeprefix(Source.VOLUME))
    for (names, series), (colour, marker) in zip(drawn.values(), VOLUMES, strict=False):
        line(axis, change(series), colour, f"{' and '.join(names)}{what}", style, marker)


PANELS = (
    Panel("Requests due per second, by outcome", 1.5, draw_rate, of_load=True),
    Panel("Latency from the due time (per second)", 1.4, draw_latency, of_load=True),
    Panel(
        "API: requests it works on",
        0.9,
        draw_waiting,
        ((Source.API, Api.IN_FLIGHT), (Source.API, Api.POOL_WAITERS)),
    ),
    Panel(
        "API: connection pool",
        0.9,
        draw_pool,
        (
            (Source.API, Api.POOL_SIZE),
            (Source.API, Api.POOL_CHECKED_OUT),
            (Source.DATABASE, Database.SERVICE_IN_USE),
        ),
    ),
    Panel("Database: connections", 1.0, draw_database, ((Source.DATABASE, Database.CONNECTIONS),)),
    Panel("Processors", 1.0, draw_cpu, ((Source.MACHINE, Machine.CPU),)),
    Panel("Disk: bandwidth in use", 0.9, draw_bandwidth, ((Source.VOLUME, Volume.WRITE_BPS),)),
    Panel("Disk: time of one sync", 0.7, draw_sync_wait, ((Source.VOLUME, Volume.SYNC_WAIT),)),
    Panel("Disk: requests queued", 0.7, draw_queued, ((Source.VOLUME, Volume.QUEUED),)),
)
