"""`midnight stack up|down|status`: run a target to experiment with by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from chaos.cli.options import With, monitored
from chaos.errors import Refused, of_undo
from chaos.plan import build as plans
from chaos.run import preflight, stack
from chaos.spec import named_files
from chaos.spec import target as targets

app = typer.Typer(help="Start and stop a target to experiment with by hand.", no_args_is_help=True)

DEFAULT = "embedded"

Target = Annotated[str, typer.Option(help="Target name or path to its file.")]
Profile = Annotated[str | None, typer.Option(help="Target profile. Default: the first one.")]
Force = Annotated[bool, typer.Option("--force", help="Stop it even if something uses it.")]


@app.command()
def up(target: Target = DEFAULT, profile: Profile = None, with_: With = None) -> None:
    """Start the target and leave it running."""
    preflight.refuse_when_halted()
    plan = plans.of_target(target, profile, "" if monitored(with_) else None)
    kept = plan.driver.to_keep(plan.options)
    if kept is None:
        raise Refused(f"target {plan.target.name!r} is not started by midnight: nothing to start")
    plan = replace(plan, driver=kept)
    handles = stack.up(plan)
    print(f"{plan.target.name} is {stack.status(plan.target.name)}")
    for role, processes in handles.processes.items():
        print(f"  {role}: pid {', '.join(str(each.pid) for each in processes)}")
    for role, containers in handles.containers.items():
        print(f"  {role}: container {', '.join(each.name for each in containers)}")
    for name, proxy in handles.proxies.items():
        print(f"  proxy {name}: {proxy.listen} -> {proxy.upstream} ({proxy.api})")
    for name in (
        ("prometheus", "alertmanager", "node_exporter", "blackbox_exporter") if monitored(with_) else ()
    ):
        print(f"  {name}: {handles.addresses[name]}")
    if handles.logs is not None:
        print(f"  logs: {handles.logs.directory}")
    for line in plan.driver.next_steps(plan.options):
        print(line)
    print(f"stop it with `midnight stack down{'' if target == DEFAULT else f' --target {target}'}`")


@app.command()
def down(target: Target = DEFAULT, force: Force = False) -> int:
    """Stop the target that `up` started. Refused while something still uses it."""
    name = _name(target)
    failed = [result for result in stack.down(name, force=force) if result.error]
    for result in failed:
        print(f"NOT stopped: {result.what.name}: {result.error}")
    if not failed:
        print(f"{name} is down")
    return of_undo(bool(failed))


@app.command()
def status(target: Target = DEFAULT) -> None:
    """Show whether the target is up, and where."""
    name = _name(target)
    print(f"{name} is {stack.status(name)}")


def _name(target: str) -> str:
    """The target's name. Anything but a path is one already, and its file need not exist any more."""
    is_path = target.endswith((".yaml", ".yml"))
    return targets.load(named_files.search(target, "targets")).name if is_path else target
