"""`midnight stack up|down|status`: run a target to experiment with by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from chaos.errors import ExitCode, Refused
from chaos.plan import build as plans
from chaos.run import preflight, stack
from chaos.spec import named_files, targetfiles
from chaos.spec import target as targets

app = typer.Typer(help="Start and stop a target to experiment with by hand.", no_args_is_help=True)

Target = Annotated[str, typer.Option(help="Target name or path to its file.")]
Profile = Annotated[str | None, typer.Option(help="Target profile. Default: the first one.")]


@app.command()
def up(target: Target = "embedded", profile: Profile = None) -> None:
    """Start the target and leave it running."""
    preflight.refuse_when_halted()
    found, driver, _ = plans.target_of(targetfiles.search(target))
    if not driver.started_by_us:
        raise Refused(f"target {found.name!r} is not started by midnight: nothing to start")
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
    print("stop it with `midnight stack down`")


@app.command()
def down(target: Target = "embedded") -> int:
    """Stop the target that `up` started."""
    name = _name(target)
    failed = [result for result in stack.down(name) if result.error]
    for result in failed:
        print(f"NOT stopped: {result.what.name}: {result.error}")
    if not failed:
        print(f"{name} is down")
    return ExitCode.NOT_UNDONE if failed else ExitCode.PASS


@app.command()
def status(target: Target = "embedded") -> None:
    """Show whether the target is up, and where."""
    name = _name(target)
    print(f"{name} is {stack.status(name)}")


def _name(target: str) -> str:
    """The target's name. Anything but a path is one already, and its file need not exist any more."""
    is_path = target.endswith((".yaml", ".yml"))
    return targets.load(named_files.search(target, "targets")).name if is_path else target
