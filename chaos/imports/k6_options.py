"""The rates of a k6 script's options: those of arrivals. Virtual users are a closed loop, which has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.imports.imported import Rate
from chaos.imports.k6_values import Text, Values
from chaos.spec.units import seconds

_ARRIVALS = ("constant-arrival-rate", "ramping-arrival-rate")
_CLOSED = "{} is a closed loop of virtual users, from which no rate follows: choose one"


class Rates:
    """The lowest and the highest rate of arrivals. An arrival is an iteration, which may send several requests."""

    def __init__(self, values: Values) -> None:
        self.notes: list[str] = []
        options = values.of(values.declared("options"))
        found = list(self._of(options)) if isinstance(options, dict) else []
        rates = [each for each in found if each.per_second > 0]
        self.day = max(rates, key=lambda each: each.per_second, default=None)
        lowest = min(rates, key=lambda each: each.per_second, default=None)
        self.night = lowest if lowest is not None and lowest != self.day else None
        if rates:
            self.notes.append("rates are iterations per second: multiply by the requests of one iteration")

    def _of(self, options: dict[str, Any]) -> Iterator[Rate]:
        for key in ("vus", "stages", "iterations"):
            if key in options:
                self.notes.append(_CLOSED.format(f"options.{key}"))
        scenarios = options.get("scenarios")
        for name, scenario in scenarios.items() if isinstance(scenarios, dict) else ():
            executor = _plain(scenario.get("executor")) if isinstance(scenario, dict) else ""
            if executor in _ARRIVALS:
                yield from self._arrivals(name, scenario)
            else:
                self.notes.append(_CLOSED.format(f"scenario {name!r} ({executor or 'unknown'})"))

    def _arrivals(self, name: str, scenario: dict[str, Any]) -> Iterator[Rate]:
        unit = _seconds(scenario.get("timeUnit"))
        stages = scenario.get("stages")
        targets = [scenario.get("rate"), scenario.get("startRate")]
        targets += (
            [each.get("target") for each in stages if isinstance(each, dict)]
            if isinstance(stages, list)
            else []
        )
        for target in targets:
            if isinstance(target, int | float) and not isinstance(target, bool):
                yield Rate(target / unit, f"scenario {name}")


def _plain(value: Any) -> str:
    return (value.plain or "") if isinstance(value, Text) else ""


def _seconds(value: Any) -> float:
    try:
        return seconds(_plain(value)) or 1.0
    except ValueError:
        return 1.0
