"""The alerting rules of a Prometheus, with the alerts that are pending or firing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.errors import Refused
from chaos.paging.server import NoAnswer, Server, instant
from chaos.spec.near import instead

Key = tuple[str, tuple[tuple[str, str], ...]]
"""The name of an alert, and its labels."""

ASKED = "/api/v1/rules"


@dataclass(frozen=True, slots=True)
class Active:
    """One alert. Instants in seconds since the epoch, by the clock of Prometheus."""

    name: str
    labels: Mapping[str, str]
    state: str  # pending or firing
    active_at: float | None  # since when its condition holds
    evaluated: float | None  # the last evaluation of its rule

    @property
    def key(self) -> Key:
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(frozen=True, slots=True)
class Rules:
    """`waits`: seconds of `for`, by alert; None if rules of one name differ. `intervals`: of their evaluation.
    `groups`: the last evaluation of the group that each is in: one instant for all of its rules. `ahead`: of the clock
    of Prometheus."""

    waits: Mapping[str, float | None]
    intervals: Mapping[str, float]
    evaluated: Mapping[str, float | None]
    groups: Mapping[str, float | None]
    active: Sequence[Active]
    ahead: float | None


def read(prometheus: Server) -> Rules:
    """Raises NoAnswer."""
    said = prometheus.ask(ASKED, type="alert")
    try:
        groups = said.document["data"]["groups"]
        rules = [(group, rule) for group in groups for rule in group["rules"]]
        return Rules(
            _waits((rule["name"], float(rule["duration"])) for _, rule in rules),
            {rule["name"]: float(group["interval"]) for group, rule in rules},
            {rule["name"]: instant(rule["lastEvaluation"]) for _, rule in rules},
            {rule["name"]: instant(str(group.get("lastEvaluation"))) for group, rule in rules},
            [each for _, rule in rules for each in _active(rule)],
            said.ahead,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NoAnswer(f"{prometheus.url}{ASKED}: not the answer of a Prometheus") from None


def _waits(rules: Iterable[tuple[str, float]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, wait in rules:
        found[name] = wait if found.get(name, wait) == wait else None
    return found


def _active(rule: Mapping[str, Any]) -> Iterator[Active]:
    evaluated = instant(rule["lastEvaluation"])
    for alert in rule["alerts"]:
        labels = {key: value for key, value in alert["labels"].items() if key != "alertname"}
        yield Active(rule["name"], labels, alert["state"], instant(alert["activeAt"]), evaluated)


def refuse_unknown(known: Collection[str], asked: Sequence[str], url: str) -> None:
    """Raises Refused for an alert that no rule has."""
    for name in asked:
        if name not in known:
            raise Refused(f"alert {name!r} is in no rule of {url}; {instead(name, sorted(known))}")
