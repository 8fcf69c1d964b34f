"""Pages about stored runs: the list, one run, its report, trends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from chaos.checks.finding import recalled
from chaos.checks.registered import described
from chaos.errors import FileError, UsageError
from chaos.history.query import VERDICTS, Query, instant
from chaos.history.trend import trends
from chaos.play.in_progress import ended
from chaos.record.store import RunDir
from chaos.reports.show import show_bounded
from chaos.reports.trend_rows import rows, summary, title
from chaos.spec.userfile import read_json
from chaos.web.guard import REPORT
from chaos.web.memory import Memory
from chaos.web.plots import HEIGHT, WIDTH, plots
from chaos.web.rendering import page, problem, verdict_of

PER_PAGE = 50
LAST = 30  # runs of a trend
MOST = 1000  # runs read for trends

FILTERS = ("experiment", "target", "profile", "verdict", "since", "until", "git")


def listed(memory: Memory, request: Request) -> Response:
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    try:
        asked, number = _query(given), _number(request.query_params.get("page", "1"))
    except UsageError as error:
        return page("runs.html", 400, **_list(given, said=str(error)))
    with memory.reading() as index:
        count = index.count(asked)
        found = index.find(_page_of(asked, number))
    pages = max(1, -(-count // PER_PAGE))
    return page("runs.html", **_list(given, found[::-1], count, number, pages))


def _list(
    given: Mapping[str, str],
    found: object = (),
    count: int = 0,
    number: int = 1,
    pages: int = 1,
    said: str = "",
) -> dict[str, Any]:
    shown = {"given": given, "found": found, "count": count, "number": number, "pages": pages, "said": said}
    return {"title": "runs", "verdicts": VERDICTS, **shown}


def _page_of(asked: Query, number: int) -> Query:
    return replace(asked, limit=PER_PAGE, skip=(number - 1) * PER_PAGE)


def _query(given: Mapping[str, str]) -> Query:
    """The filters of `midnight runs`. Raises UsageError."""
    now = datetime.now(UTC)
    verdict = given["verdict"] or None
    if verdict not in (None, *VERDICTS):
        raise UsageError(f"{verdict!r}: must be one of {', '.join(VERDICTS)}")
    return Query(
        experiment=given["experiment"] or None,
        target=given["target"] or None,
        profile=given["profile"] or None,
        verdict=verdict,
        git=given["git"] or None,
        since=instant(given["since"], now) if given["since"] else None,
        until=instant(given["until"], now, end_of_day=True) if given["until"] else None,
    )


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1_000_000:
        raise UsageError(f"page {text!r}: must be a number from 1")
    return int(text[:9])


def one(memory: Memory, run: str) -> Response:
    found = memory.run(run)
    if found is None:
        return problem(404, f"no stored run {run!r}")
    entry, here = found
    document, said = ({}, "its journal is on another machine") if here is None else _verdict(here)
    return page(
        "run.html",
        title=f"run {entry.run}",
        entry=entry,
        said=said,
        reasons=[str(each) for each in _items(document, "reasons")],
        fixes=[each for each in _items(document, "fixes") if isinstance(each, Mapping)],
        findings=[_finding(each) for each in _items(document, "findings") if isinstance(each, Mapping)],
        report=here is not None and _report(here),
        playing=verdict_of(entry) == "playing",
        here=here is not None,
    )


def _verdict(run: RunDir) -> tuple[dict[str, Any], str]:
    """Read the stored verdict, and say why there is none."""
    if not run.verdict.exists():
        return {}, ""
    try:
        return read_json(run.verdict), ""
    except FileError as error:
        return {}, f"its verdict cannot be read: {error}"


def _items(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _finding(given: Mapping[str, Any]) -> dict[str, str]:
    unit = str(given.get("unit") or "")
    sign, allowed = described(str(given.get("check", ""))).sign(unit), given.get("allowed")
    return {
        "name": str(given.get("name", "")),
        "outcome": str(given.get("outcome", "")),
        "measured": _number_shown(recalled(given), unit, lower_bound=bool(given.get("lower_bound"))),
        "allowed": "" if allowed is None else f"{sign} {_number_shown(allowed, unit)}",
        "because": str(given.get("because", "")),
    }


def _number_shown(value: object, unit: str, *, lower_bound: bool = False) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return show_bounded(value, unit, lower_bound=lower_bound)
    return "" if value is None else str(value)


def _report(run: RunDir) -> bool:
    """True if the stored report is a file of the run's own directory, not a link out of it."""
    return run.report.is_file() and run.report.resolve().parent == run.path.resolve()


def report(memory: Memory, run: str) -> Response:
    """The stored report, as a page that can run nothing."""
    found = memory.run(run)
    if found is None or found[1] is None or not _report(found[1]):
        return problem(404, f"no report of run {run!r} here; `midnight report {run}` renders it")
    headers = {"Content-Security-Policy": REPORT}
    return FileResponse(found[1].report, media_type="text/html", headers=headers)


def trend(memory: Memory, experiment: str, target: str | None, profile: str | None) -> Response:
    with memory.reading() as index:
        found = index.find(Query(experiment=experiment, target=target, profile=profile, limit=MOST))
    if not found:
        return problem(404, f"no stored run of {experiment!r}")
    shown = [
        {
            "title": title(each),
            "summary": summary(each),
            "rows": rows(each),
            "plots": plots(each),
            "trend": each,
        }
        for each in sorted(trends(ended(found), LAST), key=title)
    ]
    return page(
        "trend.html",
        title=f"trend of {experiment}",
        experiment=experiment,
        trends=shown,
        width=WIDTH,
        height=HEIGHT,
    )


def experiments(memory: Memory) -> Response:
    with memory.reading() as index:
        names = index.experiments()
    return page("trends.html", title="trends", names=names)
