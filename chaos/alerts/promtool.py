"""One call of promtool: series and rules in, what ALERTS and other expressions were at each evaluation out."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.spec.units import show_seconds
from chaos.tools.monitoring import promtool

WITHIN = 600.0  # seconds

_LABELS = r'\{((?:\w+="(?:[^"\\]|\\.)*"(?:,\s*)?)*)\}'
_SAMPLE = re.compile(rf"{_LABELS}\s+(\S+?)(?:,|\s|$)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_CASE = re.compile(r'^\s+expr: "(.*)", time: (\S+),$')
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d|w|y)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


@dataclass(frozen=True, slots=True)
class Value:
    """A sample of an expression at an instant of virtual time."""

    at: float
    labels: Mapping[str, str]
    value: float


def evaluate(
    rules: Mapping[Path, str],
    series: Sequence[tuple[str, str]],
    expressions: Sequence[str],
    *,
    scrape: float,
    every: float,
    length: float,
) -> dict[str, list[Value]]:
    """What each expression was at every evaluation, by expression. `rules` are the texts of files by their paths,
    `series` are (selector, values). Raises ToolMissing, and UsageError with promtool's own words for rules that it
    refuses."""
    instants = [number * every for number in range(int(length / every) + 1)]
    unmet = [
        {"expr": expr, "eval_time": _milliseconds(at), "exp_samples": [_IMPOSSIBLE]}
        for expr in expressions
        for at in instants
    ]
    test = {
        "interval": _milliseconds(scrape),
        "input_series": [{"series": selector, "values": values} for selector, values in series],
        "promql_expr_test": unmet,
    }
    said = _said({"evaluation_interval": _milliseconds(every), "tests": [test]}, rules)
    if not any(_CASE.match(line) for line in said.splitlines()):
        raise UsageError(f"promtool refuses the rules: {_reason(said)}")
    return {expr: [] for expr in expressions} | _parsed(said)


_IMPOSSIBLE = {"labels": '{__name__="midnight_never"}', "value": 0}
"""A wrong expectation on purpose: promtool prints what an expression was only if it was not what a test expects."""


def _said(test: Mapping[str, Any], rules: Mapping[Path, str]) -> str:
    """All that promtool prints about a file of unit tests for these rules, which are under the paths that the user
    knows. Raises ToolMissing, and UsageError if it takes too long."""
    program = promtool.find_binary()
    written = {f"rules-{number}.json": path for number, path in enumerate(rules)}
    with tempfile.TemporaryDirectory(prefix="midnight-alerts-") as place:
        file = Path(place) / "night.json"
        file.write_text(json.dumps({"rule_files": list(written), **test}))  # JSON is YAML
        for name, path in written.items():
            (Path(place) / name).write_text(rules[path])
        argv = [str(program), "test", "rules", str(file)]
        try:
            done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=WITHIN)
        except subprocess.TimeoutExpired:
            raise UsageError(
                f"promtool did not finish within {show_seconds(WITHIN)}: give a longer --evaluate"
            ) from None
        said = done.stdout + done.stderr
        for name, path in written.items():
            said = said.replace(str(Path(place) / name), str(path))
    return said


def _parsed(said: str) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for expr, at, got in _cases(said):
        values = found.setdefault(expr, [])
        for labels, value in _SAMPLE.findall(got):
            given = {name: _unquoted(text) for name, text in _LABEL.findall(labels)}
            values.append(Value(at, given, float(value)))
    return found


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:  # Go escapes a few characters as JSON does not
        return text


def _cases(said: str) -> Iterator[tuple[str, float, str]]:
    expr, at, got, reading = "", 0.0, "", False
    for line in said.splitlines():
        case = _CASE.match(line)
        if case:
            if expr:
                yield expr, at, got
            expr, at, got, reading = json.loads(f'"{case[1]}"'), _seconds(case[2]), "", False
        elif line.strip().startswith("got:"):
            got, reading = line.partition("got:")[2], True
        elif reading and line.strip():
            got += f"\n{line}"
        elif not line.strip():
            reading = False
    if expr:
        yield expr, at, got


def _seconds(text: str) -> float:
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and "Unit Testing" not in line]
    return " ".join(each for each in lines if each != "FAILED:")[:250] or "no reason given"


def selector(name: str, labels: Mapping[str, Any]) -> str:
    """A series as promtool's input has it."""
    inner = ",".join(
        f"{label}={json.dumps(str(value), ensure_ascii=False)}" for label, value in labels.items()
    )
    return f"{name}{{{inner}}}"
