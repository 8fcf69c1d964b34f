"""`midnight target inspect|wire`: inspect a Compose project, and put a proxy into it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from ruamel.yaml import YAML

from chaos import engine
from chaos.engine.client import require_here
from chaos.engine.projects import Found
from chaos.errors import UsageError
from chaos.plan import build as plans
from chaos.plugin.handles import EngineAt
from chaos.spec import targetfiles
from chaos.targets.compose import guesses, inspecting, rewiring
from chaos.targets.compose.discovery import whole
from chaos.targets.compose.options import ComposeOptions

app = typer.Typer(help="Inspect a Compose project, and put a proxy into it.", no_args_is_help=True)

Target = Annotated[str, typer.Argument(help="compose:PROJECT, or the target file of a Compose project.")]


@app.command()
def inspect(target: Target) -> None:
    """Show what a run can reach in a Compose project: services, roles, and database sessions through the proxy.
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
        list[str] | None, typer.Option(help="Another store to put behind a proxy: SERVICE[:PORT].")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="A service that uses the database undetected.")
    ] = None,
    leave: Annotated[list[str] | None, typer.Option(help="A service that may bypass the proxy.")] = None,
    proxy_image: Annotated[
        str | None, typer.Option(help="Toxiproxy image to use instead of the default.")
    ] = None,
) -> None:
    """Print a Compose override that puts Toxiproxy before the database. All services that use the database go through
    it. No file is edited; without the override everything is as before."""
    require_here(engine.find())
    project, options = _project(target)
    at, there = _containers(project)
    known = options.database.service if options is not None and options.database is not None else None
    chosen = database or known or guesses.database(there)
    if chosen is None:
        told = ", ".join(sorted({each.service for each in there}))
        raise UsageError(f"cannot tell which service is the database: set --database to one of {told}")
    leaving = {*(leave or ()), *(options.proxy.past if options is not None and options.proxy else ())}
    wired = rewiring.wire(at, project, there, [chosen, *(also or ())], service or (), leaving, proxy_image)
    for line in wired.comments:
        print(f"# {line}")
    YAML().dump(wired.document, sys.stdout)
    for line in wired.left:
        print(line, file=sys.stderr)


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
