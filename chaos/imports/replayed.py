"""The rates and the mix of a recording as an experiment: a quiet night, then the busiest hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chaos.imports import writing
from chaos.imports.imported import Imported, ImportedRoute, Rate, one_line

_WANTED, _LONGEST = 400, 600  # requests of the wake, and its maximum in seconds
_MOST_RATE = 2000
_USUAL = Rate(1, "not on record: choose one")
_DAY = Rate(20, "not on record: choose one")


def experiment(imported: Imported, name: str, named: Mapping[str, ImportedRoute]) -> str:
    """A whole experiment file, without steps."""
    night, day = imported.night or _USUAL, imported.day or _DAY
    length = _length(day)
    few = _per_second(day) * length < 50
    return "\n".join(
        [
            *_about(imported),
            f"name: {name}",
            f"title: {writing.value(f'The load of {one_line(imported.file, 80)}')}",
            "load:",
            f"  timeout: {max([5.0, *(each.timeout or 0 for each in named.values())]):g}s",
            f"  mix: {writing.value(writing.mix(named))}",
            f"  baseline: {{for: {max(8, length // 8)}s, rate: {_shown(day)}, availability: 99%, p99: 2s}}",
            "  phases:",
            f"    - {{name: warm, for: {max(10, length // 6)}s, rate: {_shown(day)}}}",
            f"    - {{name: night, for: {max(15, length // 4)}s, rate: {_shown(night)}}}   # {one_line(night.because)}",
            f"    - {{name: wake, for: {length}s, rate: {_shown(day)}}}   # {one_line(day.because)}",
            f"    - {{name: recovery, for: {max(30, length // 2)}s, rate: {_shown(day)}}}",
            "# steps: none yet; docs/faults.md has what can be done, experiments/midnight.yaml an example",
            "slos:",
            "  - {name: availability, availability: 99%}",
            *(
                ["# too few requests for a p99"]
                if few
                else ["  - {name: p99, latency: {percentile: 99, below: 2s}}"]
            ),
            "",
        ]
    )


def _about(imported: Imported) -> Iterator[str]:
    yield f"# {one_line(f'Written by `midnight import {imported.kind}` from {imported.file}.')}"
    yield from writing.rates(imported)
    if imported.hours:
        yield f"# {len(imported.hours)} hours are on record."
    if imported.day is not None and imported.day.per_second > _MOST_RATE:
        yield f"# The busiest hour's rate is cut to {_MOST_RATE}, the most that is played."


def _per_second(rate: Rate) -> float:
    return min(_MOST_RATE, max(0.01, rate.per_second))


def _shown(rate: Rate) -> str:
    return writing.shown_rate(Rate(_per_second(rate), rate.because))


def _length(day: Rate) -> int:
    """Seconds of the wake: enough for a percentile, if that is possible at all."""
    return round(min(_LONGEST, max(55, _WANTED / _per_second(day))))
