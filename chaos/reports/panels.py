"""The timeline's panels, top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chaos.record.gauges import Api, Database, Machine, Process, Source, Volume
from chaos.record.hits import Outcome
from chaos.record.journal import Journal, Series, Span
from chaos.reports.seconds import Seconds, by_second
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
    Outcome.PENDING: "#3e4c59",
    Outcome.UNSENT: "#7b8794",
}
LIMIT = "#a61b29"
DEEP, FAINT = "#1b2a41", "#9aa5b1"
MIB = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True)
class Panel:
    """`height` in inches. Omitted from the figure if it has `gauges` and none of them was sampled."""

    title: str
    height: float
    draw: Draw
    gauges: tuple[tuple[str, str], ...] = ()

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
        axis.fill_between(edges, base, top, step="post", color=colour, linewidth=0, label=label)
        base = top
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def draw_latency(axis: Axes, played: Played) -> None:
    """Draw on a log scale; a percentile without a good answer is on `not good`, above the timeout."""
    seconds = played.seconds
    never = played.experiment.load.timeout * 8
    for percentile, colour in ((50, "#7fb3d5"), (95, "#2874a6"), (99, DEEP)):
        line = seconds.percentiles[percentile]
        seen = ~np.isnan(line)
        height = np.minimum(line[seen], never)
        axis.plot(seconds.at[seen] + 0.5, height, color=colour, linewidth=1.2, label=f"p{percentile}")
    for slo in played.experiment.slos:
        if slo.latency is not None:
            label = f"{slo.name} {show_seconds(slo.latency.below)}"
            axis.axhline(slo.latency.below, color=LIMIT, linestyle="--", linewidth=1, label=label)
    axis.set_yscale("log")
    axis.set_ylim(top=never * 1.3)
    ticks = [tick for tick in (0.001, 0.01, 0.1, 1.0, 10.0) if tick < never / 3]
    axis.set_yticks([*ticks, never], [*(show_seconds(tick) for tick in ticks), "not good"])
    axis.minorticks_off()


def draw_pool(axis: Axes, played: Played) -> None:
    _fill(axis, played.gauge(Source.API, Api.POOL_CHECKED_OUT), "#5b8def", "in use")
    _line(axis, played.gauge(Source.API, Api.POOL_SIZE), LIMIT, "size", "--")
    axis.set_ylim(0)


def draw_waiting(axis: Axes, played: Played) -> None:
    _fill(axis, played.gauge(Source.API, Api.IN_FLIGHT), "#d9e2ec", "in flight")
    _fill(axis, played.gauge(Source.API, Api.POOL_WAITERS), "#e58a96", "waiting for a connection")
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def draw_database(axis: Axes, played: Played) -> None:
    _fill(axis, played.gauge(Source.DATABASE, Database.CONNECTIONS), "#b7c9e2", "connections")
    _fill(axis, played.gauge(Source.DATABASE, Database.ACTIVE), "#5b8def", "active")
    _line(axis, played.gauge(Source.DATABASE, Database.MAX_CONNECTIONS), LIMIT, "max_connections", "--")
    axis.set_ylim(0)


def draw_cpu(axis: Axes, played: Played) -> None:
    cpus = float(played.journal.manifest.host.cpus or 1)
    _fill(axis, played.gauge(Source.MACHINE, Machine.CPU, 100), "#d9e2ec", "machine")
    sampled = [
        source
        for source, gauge in played.journal.gauges()
        if source.startswith(Source.PROCESS) and gauge == Process.CPU
    ]
    for source, colour in zip(sampled, ("#2874a6", "#f58518", "#54a24b", "#b279a2", "#8d6e63"), strict=False):
        _line(
            axis, played.gauge(source, Process.CPU, 100 / cpus), colour, source.removeprefix(Source.PROCESS)
        )
    axis.set_ylim(0, 105)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def draw_written(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.WRITE_BPS, 1 / MIB)
    axis.set_ylim(0)
    axis.yaxis.set_major_locator(MaxNLocator(3))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} MiB/s"))


def draw_busy(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.BUSY, 100)
    axis.set_ylim(0, 105)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def draw_sync_wait(axis: Axes, played: Played) -> None:
    _volumes(axis, played, Volume.SYNC_WAIT, 1)
    axis.set_ylim(0)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show_seconds(value)))


def _volumes(axis: Axes, played: Played, gauge: str, scale: float) -> None:
    names = sorted({source for source, _ in played.journal.gauges() if source.startswith(Source.VOLUME)})
    for source, colour in zip(names, ("#b5651d", "#5b8def", "#54a24b", FAINT), strict=False):
        _line(axis, played.gauge(source, gauge, scale), colour, source.removeprefix(Source.VOLUME))


def _line(axis: Axes, series: Series, colour: str, label: str, style: str = "-") -> None:
    if len(series.at):
        axis.plot(series.at, series.value, color=colour, linewidth=1.2, linestyle=style, label=label)


def _fill(axis: Axes, series: Series, colour: str, label: str) -> None:
    if len(series.at):
        axis.fill_between(series.at, 0, series.value, color=colour, linewidth=0, label=label)


PANELS = (
    Panel("Requests due per second, by outcome", 1.5, draw_rate),
    Panel("Latency from the due time (per second)", 1.4, draw_latency),
    Panel(
        "API: requests in flight",
        0.9,
        draw_waiting,
        ((Source.API, Api.IN_FLIGHT), (Source.API, Api.POOL_WAITERS)),
    ),
    Panel(
        "API: connection pool",
        0.9,
        draw_pool,
        ((Source.API, Api.POOL_SIZE), (Source.API, Api.POOL_CHECKED_OUT)),
    ),
    Panel("Database: connections", 1.0, draw_database, ((Source.DATABASE, Database.CONNECTIONS),)),
    Panel("Processors", 1.0, draw_cpu, ((Source.MACHINE, Machine.CPU),)),
    Panel("Disk: written", 0.8, draw_written, ((Source.VOLUME, Volume.WRITE_BPS),)),
    Panel("Disk: busy", 0.7, draw_busy, ((Source.VOLUME, Volume.BUSY),)),
    Panel("Disk: wait of one sync", 0.7, draw_sync_wait, ((Source.VOLUME, Volume.SYNC_WAIT),)),
)
