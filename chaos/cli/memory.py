"""`midnight runs`, `midnight trend`, `midnight prune`: query and prune the run history."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from chaos.checks.figures import every
from chaos.checks.finite import json_safe
from chaos.cli.options import Json
from chaos.console.output import print_whole, say, tell
from chaos.errors import UsageError
from chaos.record.store import RunDir
from chaos.reports.show import show_figure
from chaos.spec.units import read_age

if TYPE_CHECKING:  # imports SQLAlchemy: slow, and needed only to query the history
    from chaos.history.entry import Entry
    from chaos.undo import prune as pruning

Experiment = Annotated[str | None, typer.Option(help="Only runs of this experiment.")]
Target = Annotated[str | None, typer.Option(help="Only runs against this target.")]
Profile = Annotated[str | None, typer.Option(help="Only runs on this profile.")]
Outcome = Annotated[
    Literal["pass", "fail", "unknown", "none"] | None, typer.Option(help="Only runs with this verdict.")
]
Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only runs since this day or age, e.g. 2026-11-01 or 7d.")
]
Until = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="Only runs up to the end of this day, or up to this instant."),
]
Git = Annotated[str | None, typer.Option(metavar="REVISION", help="Only runs of this git revision (prefix).")]
Limit = Annotated[int, typer.Option(min=0, help="Show at most N runs, newest last (0 = all).")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Rebuild the index from all journals first.")]
Name = Annotated[str, typer.Argument(help="Experiment name.")]
Last = Annotated[int, typer.Option(min=1, metavar="N", help="Use the newest N runs.")]
HtmlFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write an HTML page with a plot of each figure.")
]
Keep = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Keep the newest N runs of each experiment, target and profile."),
]
OlderThan = Annotated[
    str | None, typer.Option(metavar="AGE", help="Delete only runs older than AGE, e.g. 90d.")
]
Drills = Annotated[
    str, typer.Option(metavar="AGE", help="Keep drills younger than AGE, regardless of the other options.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be deleted; delete nothing.")]

COLUMNS = ("run", "experiment", "target", "profile", "seed", "verdict")


def runs(
    experiment: Experiment = None,
    target: Target = None,
    profile: Profile = None,
    verdict: Outcome = None,
    since: Since = None,
    until: Until = None,
    git: Git = None,
    limit: Limit = 50,
    rebuild: Rebuild = False,
    json_: Json = False,
) -> None:
    """List stored runs that match all filters, newest last."""
    from chaos.history.index import open_index
    from chaos.history.query import Query, instant

    now = datetime.now(UTC)
    query = Query(
        experiment=experiment,
        target=target,
        profile=profile,
        verdict=verdict,
        git=git,
        since=instant(since, now) if since else None,
        until=instant(until, now, end_of_day=True) if until else None,
        limit=limit,
    )
    index = open_index(say)
    if rebuild:
        say(f"{index.rebuild().read} runs read from their journals")
    found, count = index.find(query), index.count(query)
    tell(
        lambda: print(json.dumps([_document(entry) for entry in found], indent=1)) if json_ else _show(found)
    )
    if len(found) < count:
        say(f"showing the newest {len(found)} of {count} runs; --limit 0 shows all")


def trend(
    name: Name,
    target: Target = None,
    profile: Profile = None,
    last: Last = 30,
    html_file: HtmlFile = None,
    json_: Json = False,
) -> None:
    """Show trends in an experiment's figures. Flags those that got worse than their history."""
    from chaos.history.index import open_index
    from chaos.history.query import Query
    from chaos.history.trend import trends
    from chaos.play.in_progress import ended
    from chaos.reports.trend_rows import trend_json
    from chaos.reports.trend_terminal import print_trend

    entries = open_index(say).find(Query(experiment=name, target=target, profile=profile))
    found = trends(ended(entries), last)
    if not found:
        raise UsageError(f"no stored run of {name!r}; `midnight runs` lists what is stored")
    if html_file is not None:
        from chaos.reports.trend_html import write_trends  # imports matplotlib: slow

        try:
            write_trends(found, html_file)
        except OSError as error:
            raise UsageError(f"{html_file}: cannot write: {error.strerror}") from None
    if json_:
        tell(lambda: print(json.dumps([trend_json(each) for each in found], indent=1)))
        return

    def show() -> None:
        terminal = Console(highlight=False)
        for each in found:
            print_trend(each, terminal)

    tell(show)


def prune(
    keep: Keep = None,
    older_than: OlderThan = None,
    drills_older_than: Drills = "400d",
    dry_run: DryRun = False,
) -> None:
    """Delete runs that neither --keep nor --older-than protects. Always kept: of each experiment, target and profile
    the last failed run, the last passing run and the last baseline; runs in progress; runs not healed. Drills are kept
    until they are older than --drills-older-than."""
    from chaos.history.index import open_index
    from chaos.history.query import Query
    from chaos.history.retention import Retention
    from chaos.undo import prune as pruning

    if keep is None and older_than is None:
        raise UsageError("choose what to delete: --keep N, --older-than 90d, or both")
    retention = Retention(keep, read_age(older_than) if older_than else None, read_age(drills_older_than))
    index = open_index(say)
    here = [entry for entry in index.find(Query()) if index.is_here(entry)]
    chosen = [RunDir(entry.path) for entry in retention.too_old(here, datetime.now(UTC))]
    done = pruning.prune(chosen, dry_run=dry_run)
    index.refresh()
    tell(lambda: _show_pruned(done, len(here), dry_run))


def _show_pruned(done: list[pruning.Pruned], stored: int, dry_run: bool) -> None:
    for each in done:
        folder = each.run.path.parent.name
        what = f"kept: {each.spared}" if each.spared else f"{each.room / 1e6:.1f} MB"
        print(f"{folder}/{each.run.id}: {what}")
    gone = [each for each in done if each.spared is None]
    room = sum(each.room for each in gone) / 1e6
    print(f"{len(gone)} of {stored} runs {'would be ' if dry_run else ''}deleted, {room:.1f} MB")


def _document(entry: Entry) -> object:
    return json_safe(
        {
            **{column: getattr(entry, column) for column in COLUMNS},
            "verdict": _verdict(entry),
            "exit_code": entry.exit_code,
            "headline": entry.headline,
            "started": entry.started,
            "git": entry.git,
            "drill": entry.drill,
            "decision": entry.decision.state if entry.decision else None,
            "links": entry.links,
            "links_exercised": entry.links_exercised,
            "figures": dict(entry.figures),
            "lower_bounds": entry.lower_bounds,
            "path": str(entry.path),
        }
    )


def _show(found: list[Entry]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    listed = [
        figure
        for figure in every()
        if figure.listed
        and not (figure.rare and all(entry.figures.get(figure.name) is None for entry in found))
    ]
    for figure in listed:
        table.add_column(figure.label, justify="right", no_wrap=True)
    for entry in found:
        cells = [str(getattr(entry, column)) for column in COLUMNS[:-1]]
        figures = [
            show_figure(figure, entry.figures[figure.name], lower_bound=figure.name in entry.lower_bounds)
            for figure in listed
        ]
        links = f" ({entry.links_exercised}/{entry.links})" if entry.partial else ""
        table.add_row(*cells, f"{_verdict(entry)}{links}", *figures)
    print_whole(table)


def _verdict(entry: Entry) -> str:
    if entry.verdict is not None:
        return entry.verdict
    from chaos.play.in_progress import is_in_progress  # imports psutil: slow, and most runs have a verdict

    return "in progress" if is_in_progress(entry) else "none"
