"""Files of Prometheus rules: their alerts, and the series that each asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
from promql_parser import BinaryExpr, Call, NumberLiteral, VectorSelector

from chaos.alerts import rule_file
from chaos.errors import UsageError
from chaos.spec.yamlfile import Where

_COMPARISONS = (">", "<", ">=", "<=", "==")
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_CLOCKS = frozenset(
    ["time", "timestamp", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "month", "year"]
)

_DURATION = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")))
"""Of Prometheus. promql_parser refuses zero, and takes numbers without a unit."""
_UNITS = (365 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1, 1e-3)  # seconds
_LONGEST = 2**63 / 1e9  # seconds: Prometheus refuses more


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of an expression; `equal` are its labels that must equal a value. One without a name has its own
    `text`, and what it demands of the name: operators and values."""

    name: str
    equal: tuple[tuple[str, str], ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert, or a recorded series (`alert` is empty)."""

    alert: str
    record: str
    expr: str
    held: float  # seconds of `for`
    selectors: tuple[Selector, ...]
    compared: str = ""  # the side of a comparison with a number, to say how near it came
    comparison: str = ""  # such as `> 0.8`
    labels: tuple[tuple[str, str], ...] = ()  # those that it adds
    clocks: frozenset[str] = frozenset()  # functions of its expression that read the time of day, or the date
    group: str = ""
    interval: float = 0.0  # seconds of the group's own `interval`; 0: it has none


def load(paths: Sequence[Path]) -> list[Rule]:
    """Every rule of the files, in order. Raises FileError, and UsageError if no file has an alert."""
    found = [rule for path in dict.fromkeys(paths) for rule in _of_file(path)]
    if not any(rule.alert for rule in found):
        why = "only recording rules" if found else "there are no rules"
        raise UsageError(f"no alert in {', '.join(map(str, paths))}: {why}")
    return found


def _of_file(path: Path) -> list[Rule]:
    return [_rule(group, at) for group in rule_file.groups(path) for at in rule_file.rules(group)]


def _rule(group: Where, at: Where) -> Rule:
    given = at.value()
    if not isinstance(given, dict) or bool(given.get("alert")) == bool(given.get("record")):
        raise at.broken("must have `alert:` or `record:`, and `expr:`")
    expr = str(given.get("expr", ""))
    try:
        parsed = promql_parser.parse(expr)
    except ValueError as error:
        raise at.under("expr").broken(f"is not PromQL: {str(error).splitlines()[0]}", expr) from None
    compared, comparison = _comparison(parsed)
    _duration(at.under("keep_firing_for"))
    return Rule(
        alert=str(given.get("alert") or ""),
        record=str(given.get("record") or ""),
        expr=expr,
        held=_duration(at.under("for")),
        selectors=tuple(dict.fromkeys(_selectors(parsed))),
        compared=compared,
        comparison=comparison,
        clocks=_clocks(parsed),
        labels=tuple(rule_file.labels(group, at).items()),
        group=str(group.under("name").value() or ""),
        interval=_duration(group.under("interval")),
    )


def _duration(at: Where) -> float:
    text = at.value()
    if text is None or str(text) == "0":
        return 0.0
    found = _DURATION.fullmatch(str(text))
    seconds = 0.0
    if found is not None:
        parts = zip(found.groups(default="0"), _UNITS, strict=True)
        seconds = sum(int(number) * unit for number, unit in parts)
    if found is None or not text or seconds > _LONGEST:
        raise at.broken("must be a duration such as 5m", text)
    return seconds


def _selectors(expr: promql_parser.Expr) -> list[Selector]:
    found: list[Selector] = []

    def see(each: Any) -> None:
        inner = each if isinstance(each, VectorSelector) else getattr(each, "vector_selector", None)
        if inner is None:
            return
        found.append(_selector(inner))

    promql_parser.walk(expr, see)
    return found


def _selector(of: VectorSelector) -> Selector:
    matchers = [(m.name, _OPERATORS[str(m.op)], m.value) for m in of.matchers.matchers]
    named = tuple((operator, value) for label, operator, value in matchers if label == "__name__")
    equal = tuple(
        (label, value) for label, op, value in matchers if op == "=" and label != "__name__" and value
    )
    name = of.name or dict(named).get("=", "")
    if name:
        return Selector(name, equal)
    inner = ",".join(f"{label}{operator}{json.dumps(value)}" for label, operator, value in matchers)
    return Selector("", equal, named, f"{{{inner}}}")


def _clocks(expr: promql_parser.Expr) -> frozenset[str]:
    found = set[str]()

    def see(each: Any) -> None:
        if isinstance(each, Call):
            found.add(each.func.name)

    promql_parser.walk(expr, see)
    return frozenset(found & _CLOCKS)


def _comparison(expr: promql_parser.Expr) -> tuple[str, str]:
    """The left side and the rest of `x > 0.8`; empty for anything else."""
    if isinstance(expr, BinaryExpr) and isinstance(expr.rhs, NumberLiteral) and str(expr.op) in _COMPARISONS:
        return " ".join(expr.lhs.prettify().split()), f"{expr.op} {expr.rhs.val:g}"
    return "", ""
