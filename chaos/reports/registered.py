"""Every report format: the shipped ones, then those that plug-ins register under `midnight.reports`.

JUnit and Markdown are not among them: they render the decision of a gate, which is more than one run.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from chaos.errors import MidnightError, UsageError
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.reports.format import Format, JudgedRun
from chaos.reports.verdict_json import as_text

GROUP = "midnight.reports"

log = logging.getLogger(__name__)


def _html(judged: JudgedRun) -> str:
    # They bring matplotlib, which no other format waits for.
    if judged.parts is not None:
        from chaos.reports.drill_page import render_suite

        return render_suite(judged.run, judged.verdict, judged.parts, judged.earlier)
    from chaos.reports.html import render

    return render(judged.journal, judged.verdict, judged.earlier, judged.experiment)


def _openmetrics(judged: JudgedRun) -> str:
    from chaos.reports.openmetrics import render  # imports Prometheus' client, which no other format needs

    if judged.parts is not None:
        raise UsageError("a suite has no samples of its own: render one of its runs")
    return render(judged.journal)


SHIPPED = (
    Format("html", "report.html", _html),
    Format("json", "report.json", lambda judged: as_text(judged.verdict) + "\n"),
    Format("openmetrics", "report.openmetrics", _openmetrics),
)


def names() -> list[str]:
    """The name of every format, the shipped ones first."""
    shipped = [each.name for each in SHIPPED]
    return [*shipped, *sorted({point.name for point in entry_points(group=GROUP)} - set(shipped))]


def named(name: str) -> Format:
    """The format of that name; a plug-in cannot replace a shipped one. Raises UsageError naming those there are."""
    for shipped in SHIPPED:
        if shipped.name == name:
            return shipped
    for point in entry_points(group=GROUP):
        if point.name == name:
            return _load(point)
    raise UsageError(f"unknown report format {name!r}; known: {', '.join(names())}")


def write(format_: Format, judged: JudgedRun, file: Path | None = None) -> Path:
    """Render, write the file whole or not at all, and return its path. Raises OSError, and MidnightError for whatever
    the format of a plug-in raises."""
    path = file or judged.run.path / format_.file
    try:
        content = format_.render(judged)
        data = content.encode() if isinstance(content, str) else bytes(content)
    except Exception as error:
        if format_ in SHIPPED:
            raise
        log.debug("report format %s", format_.name, exc_info=True)
        because = known(f"{type(error).__name__}: {error}")
        raise MidnightError(f"report format {format_.name!r} cannot render this run: {because}") from error
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_bytes(data)
        return unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _load(point: EntryPoint) -> Format:
    """Raises UsageError for what is no format, or would overwrite what the run has recorded."""
    try:
        found = point.load()
    except Exception as error:  # a plug-in may raise anything
        log.debug("report format %s", point.name, exc_info=True)
        raise UsageError(f"report format {point.name!r}: {type(error).__name__}: {error}") from error
    if not isinstance(found, Format):
        raise UsageError(f"report format {point.name!r}: {point.value} must be a Format, got {found!r}")
    if found.name != point.name:
        rule = f"{point.value} must have the name {point.name!r}, got {found.name!r}"
        raise UsageError(f"report format {point.name!r}: {rule}")
    if Path(found.file).name != found.file or found.file in taken():
        rule = f"its file must be a name that no file of a run has, got {found.file!r}"
        raise UsageError(f"report format {point.name!r}: {rule}")
    return found


def taken() -> frozenset[str]:
    """The names of the files that a run itself consists of, and of the shipped formats."""
    run = RunDir(Path("run"))
    files = [getattr(run, name) for name, each in vars(RunDir).items() if isinstance(each, property)]
    return frozenset(
        [*(each.name for each in files if isinstance(each, Path)), *(each.file for each in SHIPPED)]
    )
