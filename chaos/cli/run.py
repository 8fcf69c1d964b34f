"""`midnight run NAME`: plan, play, judge, report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console as Terminal

from chaos.checks.result import RunResult
from chaos.cli import rehearsed
from chaos.cli.options import Json, With, monitored
from chaos.console.output import tell
from chaos.errors import ExitCode
from chaos.play import kinds
from chaos.play.playable import Playable, Request
from chaos.reports.verdict_json import as_text

Name = Annotated[str, typer.Argument(help="Experiment name (`midnight list`) or path to its file.")]
Target = Annotated[str, typer.Option(help="Target name or path to its file.")]
Profile = Annotated[str | None, typer.Option(help="Target profile. Default: the first one.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the load's arrivals.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="STEP.PARAM=VALUE", help="Override a step's parameter.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan; touch nothing.")]
Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse", help="Probe the target and every step; inject nothing. Exits 2 if one would fail."
    ),
]


def run(
    name: Name,
    target: Target = "embedded",
    profile: Profile = None,
    seed: Seed = 1,
    set_: Set = None,
    dry_run: DryRun = False,
    rehearse: Rehearse = False,
    with_: With = None,
    json_: Json = False,
) -> int:
    """Play an experiment against a target and judge it.

    Exit code: 0 pass, 1 violated, 2 usage, 3 unknown, 4 aborted, 5 midnight failed, 6 not undone.
    """
    playable = kinds.find(name)
    request = Request(target, profile, seed, tuple(set_ or ()), "" if monitored(with_) else None)
    if dry_run:
        print(playable.show(request, as_json=json_))
        return ExitCode.PASS
    if rehearse:
        return rehearsed.show(playable.rehearse(request), json_=json_)
    terminal = Terminal(stderr=json_, highlight=False)
    with _scraped(request) as served:
        result = playable.play(served, terminal)
    tell(lambda: _show(playable, result, terminal, json_))
    return result.exit_code


def plan(
    name: Name,
    target: Target = "embedded",
    profile: Profile = None,
    seed: Seed = 1,
    set_: Set = None,
    json_: Json = False,
) -> int:
    """Print what a run would do, and what its target lacks.

    Touches nothing. The same as `midnight run NAME --dry-run`.
    """
    request = Request(target, profile, seed, tuple(set_ or ()))
    print(kinds.find(name).show(request, as_json=json_))
    return ExitCode.PASS


@contextmanager
def _scraped(request: Request) -> Iterator[Request]:
    """For a monitored stack, serve midnight's own metrics while it plays."""
    if request.monitoring is None:
        yield request
        return
    from chaos.metrics import collecting, out  # imports SQLAlchemy: slow

    with out.served("127.0.0.1:0", collecting.registry()) as url:
        yield replace(request, monitoring=urlsplit(url).netloc)


def _show(playable: Playable, result: RunResult, terminal: Terminal, json_: bool) -> None:
    for error in result.errors:
        terminal.print(f"midnight: {error}", style="bold red", markup=False)
    if json_ and result.verdict is not None:  # not from the file: the disk may have been full
        print(as_text(result.verdict))
    playable.tell(result, terminal)
