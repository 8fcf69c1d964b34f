"""Files of Prometheus rules: their alerts, and the series that each asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
from promql_parser import BinaryExpr, NumberLiteral, VectorSelector

from chaos.errors import UsageError
from chaos.spec.yamlfile import Where

_COMPARISONS = (">", "<", ">=", "<=", "==")


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of an expression; `equal` are its labels that must equal a value."""

    name: str
    equal: tuple[tuple[str, str], ...] = ()


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


def load(paths: Sequence[Path]) -> list[Rule]:
    """Every rule of the files, in order. Raises FileError, and UsageError if no file has an alert."""
    found = [rule for path in paths for rule in _of_file(path)]
    if not any(rule.alert for rule in found):
        raise UsageError(f"no alert in {', '.join(map(str, paths))}: only recording rules")
    return found


def _of_file(path: Path) -> list[Rule]:
    whole = Where.read(path)
    groups = whole.document.get("groups")
    if not isinstance(groups, list):
        raise whole.broken("must be a file of Prometheus rules: `groups:` with `rules:`")
    return [
        _rule(whole.under("groups", number, "rules", index), each)
        for number, group in enumerate(groups)
        for index, each in enumerate(_rules_of(whole.under("groups", number), group))
    ]


def _rules_of(at: Where, group: Any) -> list[Any]:
    rules = group.get("rules") if isinstance(group, dict) else None
    if not isinstance(rules, list):
        raise at.broken("must have `rules:`")
    return rules


def _rule(at: Where, given: Any) -> Rule:
    if not isinstance(given, dict) or bool(given.get("alert")) == bool(given.get("record")):
        raise at.broken("must have `alert:` or `record:`, and `expr:`")
    expr = str(given.get("expr", ""))
    try:
        parsed = promql_parser.parse(expr)
    except ValueError as error:
        raise at.under("expr").broken(f"is not PromQL: {str(error).splitlines()[0]}", expr) from None
    compared, comparison = _comparison(parsed)
    return Rule(
        alert=str(given.get("alert") or ""),
        record=str(given.get("record") or ""),
        expr=expr,
        held=_duration(at.under("for"), given.get("for")),
        selectors=tuple(dict.fromkeys(_selectors(parsed))),
        compared=compared,
        comparison=comparison,
    )


def _duration(at: Where, text: Any) -> float:
    if text is None or str(text) in ("0", "0s"):  # which the parser refuses, and Prometheus takes
        return 0.0
    try:
        found: timedelta = promql_parser.parse_duration(str(text))
    except ValueError:
        raise at.broken("must be a duration such as 5m", text) from None
    return found.total_seconds()


def _selectors(expr: promql_parser.Expr) -> list[Selector]:
    found: list[Selector] = []

    def see(each: Any) -> None:
        inner = each if isinstance(each, VectorSelector) else getattr(each, "vector_selector", None)
        if inner is None:
            return
        labels = [(m.name, m.value) for m in inner.matchers.matchers if m.op == promql_parser.MatchOp.Equal]
        name = inner.name or next((value for label, value in labels if label == "__name__"), "")
        equal = tuple((label, value) for label, value in labels if label != "__name__" and value)
        found.append(Selector(name, equal))

    promql_parser.walk(expr, see)
    return found


def _comparison(expr: promql_parser.Expr) -> tuple[str, str]:
    """The left side and the rest of `x > 0.8`; empty for anything else."""
    if isinstance(expr, BinaryExpr) and isinstance(expr.rhs, NumberLiteral) and str(expr.op) in _COMPARISONS:
        return " ".join(expr.lhs.prettify().split()), f"{expr.op} {expr.rhs.val:g}"
    return "", ""
