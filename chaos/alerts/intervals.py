"""Groups with an `interval:` of their own. When an alert that is evaluated less often than the replay fires depends on
the instants of its evaluations: all of them are tried."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chaos.alerts.promtool import Value
from chaos.alerts.rules import Rule
from chaos.alerts.virtual import Grid

LEAST = 0.25  # seconds: the interval of a run's samples


@dataclass(frozen=True, slots=True)
class Fires:
    """When an alert first fires, in seconds of virtual time, depending on when its group is evaluated."""

    soonest: float | None  # None: at no instants
    latest: float | None  # None: not at all instants


def step_of(rule: Rule, every: float) -> float:
    """Seconds between two evaluations of a rule in a replay: a group's own interval, if it is shorter."""
    return max(LEAST, min(rule.interval or every, every))


def is_slower(rule: Rule, every: float) -> bool:
    return rule.interval > every


def fires(rule: Rule, values: Sequence[Value], grid: Grid, step: float) -> Fires:
    """`values`: what the rule's expression was, every `step` seconds of the grid."""
    active: dict[tuple[tuple[str, str], ...], set[int]] = {}
    for each in values:
        index = round((each.at - grid.first) / step)
        active.setdefault(tuple(sorted(each.labels.items())), set()).add(index)
    begun = [number * step for number in range(max(1, round(rule.interval / step)))]
    first = [_first(rule, active.values(), begin, grid.length, step) for begin in begun]
    fired = [at + grid.first for at in first if at is not None]
    return Fires(min(fired, default=None), max(fired) if fired and None not in first else None)


def _first(
    rule: Rule, active: Collection[set[int]], begin: float, length: float, step: float
) -> float | None:
    """When it first fires, if its group is evaluated at `begin` and at each of its intervals from there on."""
    found = []
    for indices in active:
        at, since = begin, None
        while at <= length:
            if int(at / step + 1e-6) not in indices:
                since = None
            else:
                since = at if since is None else since
                if at - since >= rule.held - 1e-6:
                    found.append(at)
                    break
            at += rule.interval
    return min(found, default=None)


def behind(rule: Rule, rules: Sequence[Rule], every: float) -> Mapping[str, float]:
    """The recorded series that a rule reads, also through others, of other groups that are evaluated less often than
    the replay: name and interval."""
    found: dict[str, float] = {}
    seen, waiting = set[str](), [each.name for each in rule.selectors]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for each in (one for one in rules if one.record and one.record == name):
            if is_slower(each, every) and each.group != rule.group:
                found[name] = each.interval
            waiting += [selector.name for selector in each.selectors]
    return found
