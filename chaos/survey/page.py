"""A survey as one self-contained HTML file. No scripts, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from chaos.spec.userfile import write_text
from chaos.survey import shown
from chaos.survey.entry import Entry, Start
from chaos.survey.night import Night, Planned
from chaos.survey.reading import Survey

_ENVIRONMENT = Environment(
    loader=PackageLoader("chaos.survey"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LEAST = 0.35  # percent of the width: a start is seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A start on the time axis: from `left`, `width` wide, in percent; `running` as long as it usually takes."""

    left: float
    width: float
    running: float
    when: str


@dataclass(frozen=True, slots=True)
class Row:
    entry: Entry
    bars: Sequence[Bar]
    took: str


def write(survey: Survey, path: Path) -> Path:
    """Write the page atomically, and return its path. Raises OSError."""
    return write_text(path, render(survey))


def render(survey: Survey) -> str:
    """Render the page; everything that was read is escaped."""
    return _ENVIRONMENT.get_template("survey.html").render(
        survey=survey,
        headline=shown.headline(survey),
        hours=_hours(survey.night),
        rows=[_row(each, survey.night) for each in survey.planned],
        collisions=[
            (shown.clock(each.at, survey.night), each, list(shown.shared(each))) for each in survey.collisions
        ],
        no_time=shown.no_time(survey),
        another_time=shown.another_time(survey),
        off=[each for each in survey.entries if each.off],
        named=shown.named,
        size=shown.size,
        local=survey.night.local,
    )


def _row(planned: Planned, night: Night) -> Row:
    return Row(
        planned.entry,
        [_bar(start, planned.entry, night) for start in planned.starts],
        shown.took(planned.entry),
    )


def _bar(start: Start, entry: Entry, night: Night) -> Bar:
    length = (night.until - night.since).total_seconds()
    begin = max(0.0, (start.earliest - night.since).total_seconds())
    end = min(length, (start.latest - night.since).total_seconds())
    width = max(_LEAST, (end - begin) / length * 100)
    running = 0.0 if entry.took is None else min(length - end, entry.took.median) / length * 100
    return Bar(round(begin / length * 100, 2), round(width, 2), round(running, 2), shown.span(start, night))


def _hours(night: Night) -> list[tuple[float, str]]:
    length, found, at = night.until - night.since, [], night.since
    while at < night.until:
        found.append((round((at - night.since) / length * 100, 2), f"{night.local(at):%H:%M}"))
        at += length / 8
    return found
