"""Named queries: check that the restored data makes sense."""

from __future__ import annotations

from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import JudgedRestore
from chaos.checks.restored.states import is_missing
from chaos.checks.text import amount
from chaos.record.events import QueryAnswered
from chaos.record.journal import Journal

NAME = "queries"


def check(judged: JudgedRestore) -> list[Finding]:
    """Return one finding per query of the target file; queries not run are not exercised."""
    queries = judged.journal.manifest.options.get("queries") or []
    return [_judge(query, judged.journal) for query in queries]


def _judge(query: dict[str, Any], journal: Journal) -> Finding:
    name = query["name"]
    answer = journal.latest(QueryAnswered, name)
    if answer is None:
        because = f"{name}: nothing was restored to query"
        return Finding(name, Outcome.NOT_EXERCISED, None, None, "", because)
    evidence = {"sql": query["sql"], **answer.detail}
    if answer.because is not None:
        evidence.pop("value", None)
        outcome = Outcome.FAIL if is_missing(answer.state or "") else Outcome.UNKNOWN
        return Finding(name, outcome, None, None, "", f"{name}: {answer.because}", evidence)
    broken = _broken(query, answer)
    outcome = Outcome.FAIL if broken else Outcome.PASS
    because = f"{name}: {'; '.join(broken) or _shown(query, answer)}"
    measured = float(answer.rows or 0) if query.get("rows") is not None else _number(answer.value)
    allowed = _number(query.get("at_most"))  # the others are not upper bounds
    return Finding(name, outcome, measured, allowed, "", because, evidence)


def _broken(query: dict[str, Any], answer: QueryAnswered) -> list[str]:
    """Describe every expectation that does not hold."""
    value, rows, broken = answer.value, answer.rows, []
    if query.get("rows") is not None and rows != query["rows"]:
        broken.append(f"{rows} rows, {query['rows']} expected")
    asked = [key for key in ("at_least", "at_most", "equals") if query.get(key) is not None]
    if asked and rows != 1:
        return [*broken, f"{rows} rows, expected one with the value"]
    number = _number(value)
    for key, words in (("at_least", "at least"), ("at_most", "at most")):
        bound = query.get(key)
        if bound is None:
            continue
        if number is None:
            broken.append(f"{value!r} is not a number, expected {words} {amount(bound)}")
        elif number < bound if key == "at_least" else number > bound:
            broken.append(f"{amount(number)}, {words} {amount(bound)} expected")
    if query.get("equals") is not None and value != query["equals"]:
        broken.append(f"{value!r}, {query['equals']!r} expected")
    return broken


def _shown(query: dict[str, Any], answer: QueryAnswered) -> str:
    if query.get("rows") is not None:
        return f"{answer.rows} rows, as expected"
    number = _number(answer.value)
    return f"{amount(number) if number is not None else repr(answer.value)}, as expected"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
