"""`midnight target inspect|wire|gauges|witness`: inspect a Compose project, put a proxy into it, or its data on a
served disk; show a service's gauges; give a Python service the witness.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from chaos import engine
from chaos.census.witness import ask, giving
from chaos.engine.client import require_here
from chaos.engine.projects import Found
from chaos.errors import UsageError
from chaos.plan import build as plans
from chaos.plugin.handles import EngineAt
from chaos.spec import targetfiles
from chaos.targets.compose import guesses, inspecting, overrides, placing, rewiring, witnessing
from chaos.targets.compose.discovery import whole
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.overrides import Override

app = typer.Typer(
    help="Prepare a target: a proxy in front of its database, its data on a served disk, its gauges, the witness in its"
    " processes.",
    no_args_is_help=True,
)

Target = Annotated[str, typer.Argument(help="compose:PROJECT, or the target file of a Compose project.")]


@app.command()
def inspect(target: Target) -> None:
    """Show what a run can reach in a Compose project. Lists services, roles, and database sessions through the proxy.
    Changes nothing. Exits 2 if sessions bypass the proxy."""
    project, options = _project(target)
    at, there = _containers(project)
    for line in inspecting.containers(there, options):
        print(line)
    if options is None:
        print("\nno target file for this project; review this draft:\n")
        YAML().dump(guesses.target_file(project, there), sys.stdout)
    paths = inspecting.paths(at, there, options)
    print()
    for path in paths:
        print(f"sessions with {path.store.service}:{path.store.port}: {path.told}")
    for path in paths:
        path.refuse(project)


@app.command()
def wire(
    target: Target,
    database: Annotated[
        str | None, typer.Option(help="Database: SERVICE, SERVICE:PORT or HOST:PORT.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Another service to put a proxy in front of: SERVICE[:PORT].")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="A service that uses the database but was not detected.")
    ] = None,
    leave: Annotated[
        list[str] | None, typer.Option(help="A service to leave as it is: it may bypass the proxy.")
    ] = None,
    proxy_image: Annotated[
        str | None, typer.Option(help="Toxiproxy image to use instead of the default.")
    ] = None,
    disk: Annotated[
        list[str] | None,
        typer.Option(
            help="Put this volume on a served disk: SERVICE or SERVICE:/DIRECTORY. On its own, adds no proxy."
        ),
    ] = None,
    place: Annotated[Path | None, typer.Option(help="Mount point of that disk.")] = None,
) -> None:
    """Print a Compose override with a proxy or a served disk. It puts Toxiproxy in front of the database, for every
    service that uses it, or a service's data on a served disk, or both. Edits no file; leave
    the override out to undo it."""
    require_here(engine.find())
    if bool(disk) != bool(place):
        raise UsageError("--disk names a service, and --place where the disk is mounted: give both")
    project, options = _project(target)
    at, there = _containers(project)
    parts = []
    if any((database, also, service, leave, proxy_image)) or not disk:
        stores = [database or _database(there, options), *(also or ())]
        leaving = {*(leave or ()), *(options.proxy.past if options is not None and options.proxy else ())}
        parts.append(rewiring.wire(at, project, there, stores, service or (), leaving, proxy_image))
    if disk and place:
        parts.append(placing.place(at, project, there, disk, place))
    _print(project, there, overrides.merged(parts))


@app.command()
def gauges(
    target: Annotated[str, typer.Argument(help="Target file of a running service.")],
) -> None:
    """Show the gauges of a running service. Prints each with its current value and where it is read. Changes nothing.
    Exits 2 if one cannot be read."""
    from chaos.run import gauging

    handles, seen = gauging.shown_now(plans.of_target(target))
    for line in gauging.table(handles, seen):
        print(line)
    gauging.refuse(seen)


@app.command()
def receiver(target: Annotated[str, typer.Argument(help="Target name or path to its file.")]) -> None:
    """Print the receiver to add to your Alertmanager. It delivers alerts to midnight, too, so that a run sees what
    arrives; your own receivers are unaffected."""
    from chaos.paging import receiver as receiving

    found = plans.of_target(target).target
    port = found.alertmanager.receiver if found.alertmanager is not None else None
    if port is None:
        rule = "give `alertmanager: {url: URL, receiver: PORT}`, the port at which midnight listens"
        raise UsageError(f"target {found.name!r} has no receiver: {rule}")
    print(receiving.block(port), end="")


@app.command()
def witness(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET|process [PID]|compose:PROJECT/SERVICE|unit NAME",
            help="Where to load it: a target file's processes or services, a process, a service, a systemd unit.",
        ),
    ],
) -> None:
    """Print the settings that load the witness into a Python service. Its processes can then report what they hold and
    where it came from. Changes nothing; also prints how to remove it."""
    match what:
        case ["process"]:
            lines = giving.process()
        case ["process", pid] if pid.isdigit():
            lines = giving.process(int(pid))
        case ["unit", name]:
            lines = giving.unit(name)
        case [target] if target.startswith(targetfiles.COMPOSE):
            project, _, service = target.removeprefix(targetfiles.COMPOSE).partition("/")
            _witness_in(project, [service])
            return
        case [target] if target != "unit":
            _witness_of(target)
            return
        case _:
            raise UsageError(
                f"{' '.join(what)}: must be TARGET, process [PID], compose:PROJECT/SERVICE or unit NAME"
            )
    for line in lines:
        print(line)


def _witness_of(name: str) -> None:
    """The same for a target file, with the consent that is missing in it."""
    target, driver, options = plans.target_of(targetfiles.search(name))
    if not driver.needs_consent:
        raise UsageError(
            f"target {target.name!r} is started by midnight: choose a profile that has the witness"
        )
    if ask.allowed(target):
        print(giving.consent(target.name))
    if isinstance(options, ComposeOptions):
        _witness_in(options.project, options.api.service)
        return
    for line in giving.process():
        print(line)


def _witness_in(project: str, services: Sequence[str]) -> None:
    require_here(engine.find())
    _, there = _containers(project)
    _print(project, there, witnessing.give(project, there, services))


def _print(project: str, there: Sequence[Found], wired: Override) -> None:
    for line in (*wired.first, *overrides.up(project, there, wired.marks), *wired.comments):
        print(f"# {line}")
    YAML().dump(wired.document, sys.stdout)
    for line in wired.left:
        print(line, file=sys.stderr)


def _database(there: Sequence[Found], options: ComposeOptions | None) -> str:
    """The service of the database, by the target file, or the one that looks like it. Raises UsageError."""
    known = options.database.service if options is not None and options.database is not None else None
    chosen = known or guesses.database(there)
    if chosen is None:
        told = ", ".join(sorted({each.service for each in there}))
        raise UsageError(f"cannot tell which service is the database: set --database to one of {told}")
    return chosen


def _project(target: str) -> tuple[str, ComposeOptions | None]:
    """Return the project and the options of its target file, if there is one."""
    path = targetfiles.find_project(target)
    if path is None:
        return target.removeprefix(targetfiles.COMPOSE), None
    found, _, options = plans.target_of(path)
    if not isinstance(options, ComposeOptions):
        raise UsageError(f"target {found.name!r} has driver {found.driver!r}: not a Compose project")
    return options.project, options


def _containers(project: str) -> tuple[EngineAt, list[Found]]:
    at = engine.find()
    engine.ping(at)
    return at, list(whole(at, project))
