"""`midnight stack up|down|status`: a target to play with by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from chaos.errors import Refused, UndoError
from chaos.plan import build as plans
from chaos.run import preflight, stack
from chaos.spec import target as targets
from chaos.spec import targetfiles, yamlfile

app = typer.Typer(help="Bring a target up to play with it by hand.", no_args_is_help=True)

Target = Annotated[str, typer.Option(help="A target's name or a path to its file.")]
Profile = Annotated[str | None, typer.Option(help="The target's profile; its first one if not given.")]


@app.command()
def up(target: Target = "embedded", profile: Profile = None) -> None:
    """Bring the target up and leave it running."""
    preflight.refuse_when_halted()
    found, driver, _ = plans.target_of(targetfiles.search(target))
    if not driver.started_by_us:
        raise Refused(f"target {found.name!r} is not started by midnight: there is nothing to bring up")
    plan = plans.build("smoke", target, profile)
    handles = stack.up(plan)
    print(f"{plan.target.name} ({plan.profile or 'no profile'}) is up: {handles.base_url}")
    for role, processes in handles.processes.items():
        print(f"  {role}: pid {', '.join(str(each.pid) for each in processes)}")
    for role, containers in handles.containers.items():
        print(f"  {role}: container {', '.join(each.name for each in containers)}")
    for name, proxy in handles.proxies.items():
        print(f"  proxy {name}: {proxy.listen} -> {proxy.upstream} ({proxy.api})")
    if handles.logs is not None:
        print(f"  logs: {handles.logs.directory}")
    print("`midnight stack down` takes it down again")


@app.command()
def down(target: Target = "embedded") -> int:
    """Take down the target that `up` brought up."""
    name = _name(target)
    failed = [result for result in stack.down(name) if result.error]
    for result in failed:
        print(f"NOT taken down: {result.what.name}: {result.error}")
    if not failed:
        print(f"{name} is down")
    return UndoError.exit_code if failed else 0


@app.command()
def status(target: Target = "embedded") -> None:
    """Say whether the target is up, and where."""
    name = _name(target)
    print(f"{name} is {stack.status(name)}")


def _name(target: str) -> str:
    """A target's own name; what is no path is one already, and its file need not be there any more."""
    is_path = target.endswith((".yaml", ".yml"))
    return targets.load(yamlfile.search(target, "targets")).name if is_path else target
