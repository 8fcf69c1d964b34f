"""`midnight target inspect|wire`: a Compose project as midnight sees it, and what puts a proxy into it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from ruamel.yaml import YAML

from chaos import engine, targetfiles
from chaos import plan as plans
from chaos.engine import projects
from chaos.engine.client import require_here
from chaos.engine.projects import Found
from chaos.errors import UsageError
from chaos.handles import EngineAt
from chaos.host.ports import free_port
from chaos.targets.compose import guesses, networks, wiring
from chaos.tools import docker_images

app = typer.Typer(help="Look at a Compose project, and wire a proxy into it.", no_args_is_help=True)

Target = Annotated[str, typer.Argument(help="compose:PROJECT, or a target file of such a project.")]


@app.command()
def inspect(target: Target) -> None:
    """Show the project's services, what of them a run can reach, and which have a role; changes nothing."""
    project, roles = _project(target)
    there = _containers(engine.find(), project)
    for found in there:
        mine = ", ".join(role for role, service in roles.items() if service == found.service)
        print(
            f"{found.service}  {found.name}  {found.image}  {found.status}"
            + (f"  role: {mine}" if mine else "")
        )
        if found.protected:
            print("  midnight.protect=true: it is never touched")
        for inside, (ip, out) in sorted(found.ports.items()):
            print(f"  port {inside} is published on {ip or '*'}:{out}")
        for network, aliases in found.networks.items():
            print(f"  network {network} as {', '.join(aliases)}")
        for place, volume in found.volumes.items():
            print(f"  volume {place} ({volume})")
    if not roles:
        print("\nno target file names this project; a beginning, to be looked through:\n")
        YAML().dump(guesses.target_file(project, there), sys.stdout)


@app.command()
def wire(
    target: Target,
    api: Annotated[str | None, typer.Option(help="The service that asks the database.")] = None,
    database: Annotated[str | None, typer.Option(help="The service of the database.")] = None,
    proxy_image: Annotated[str | None, typer.Option(help="Another image of Toxiproxy.")] = None,
) -> None:
    """Print an override file that puts a Toxiproxy between the API and its database. Nothing is edited."""
    project, roles = _project(target)
    at = engine.find()
    require_here(at)
    there = {found.service: found for found in _containers(at, project)}
    guessed = guesses.roles(list(there.values()))
    wanted = {"api": api or roles.get("api") or guessed.get("api")}
    wanted["database"] = database or roles.get("database") or guessed.get("database")
    for role, service in wanted.items():
        if service not in there:
            raise UsageError(f"which service is the {role}? give --{role}; there: {', '.join(there)}")
    found = {role: there[str(service)] for role, service in wanted.items()}
    with engine.connected(at) as client:
        docker_images.need_reference(client)  # what keeps the proxy's settings runs in it
        joined = networks.join(client, project, networks.shared(found["api"], found["database"]))
    ports = {name: free_port() for name in ("control", "proxied", "database")}
    document = wiring.override(found["api"], found["database"], ports, joined, proxy_image)
    print(f"# docker compose -f YOUR-FILE -f THIS-FILE -p {project} up -d")
    YAML().dump(document, sys.stdout)


def _project(target: str) -> tuple[str, dict[str, str]]:
    """The project, and service by role where a target file says so."""
    path = targetfiles.find_project(target)
    if path is None:
        return target.removeprefix(targetfiles.COMPOSE), {}
    found, _, options = plans.target_of(path)
    if found.driver != "compose":
        raise UsageError(f"target {found.name!r} is of the driver {found.driver!r}, not a Compose project")
    return str(options.project), options.services()  # type: ignore[attr-defined]


def _containers(at: EngineAt, project: str) -> list[Found]:
    engine.ping(at)
    with engine.connected(at) as client:
        found, known = projects.of_project(client, project), projects.known(client)
    if not found:
        raise UsageError(
            f"there is no Compose project {project!r} on {at.url}; there: {', '.join(known) or 'none'}"
        )
    return found
