"""`midnight leaks WHERE`: what a live process holds, and what grows, named by file, peer, session or stack."""

from __future__ import annotations

import json
import os
import select
from contextlib import ExitStack, suppress
from typing import Annotated, Any

import typer

from chaos.cli import leaks_shown
from chaos.cli.options import Json, dsn_of
from chaos.console.output import say, tell
from chaos.errors import UsageError, got_instead
from chaos.plugin.handles import ProcessRef

Where = Annotated[str, typer.Argument(metavar="WHERE", help="PID, or compose:PROJECT/SERVICE.")]
For = Annotated[str, typer.Option("--for", metavar="TIME", help="Time between the two readings.")]
Once = Annotated[bool, typer.Option("--once", help="Read once: show what is held, compare nothing.")]
Dsn = Annotated[str | None, typer.Option("--dsn", metavar="DSN", help="PostgreSQL whose sessions to read.")]
DsnEnv = Annotated[
    str | None,
    typer.Option("--dsn-env", metavar="NAME", help="Environment variable that holds the DSN."),
]
Pprof = Annotated[
    str, typer.Option("--pprof", metavar="URL", help="pprof endpoint of a Go process, for its goroutines.")
]
NoChildren = Annotated[bool, typer.Option("--no-children", help="Leave out the process's descendants.")]


def leaks(
    where: Where,
    for_: For = "30s",
    once: Once = False,
    dsn: Dsn = None,
    dsn_env: DsnEnv = None,
    pprof: Pprof = "",
    no_children: NoChildren = False,
    json_: Json = False,
) -> None:
    """Show what a live process holds (descriptors, threads, memory, database sessions), and what grew between two
    readings, with its place. Changes nothing. Exits 2 if the process does not exist or may not be read."""
    # imports the engine and the database client: slow, and must not delay the start of another command
    from chaos.census import readings
    from chaos.census import where as places
    from chaos.census.levels import levels
    from chaos.census.sessions import counts, sessions

    seconds, database = _seconds(for_), dsn_of(dsn, dsn_env)
    roots, known = places.roots(where), levels(pprof)

    def read() -> readings.Reading:
        refs = roots if no_children else places.family(roots)
        reading = readings.read([ref for ref in refs if ref.pid != os.getpid()], known)
        _require_seen(reading, roots)
        return reading

    reading, growth, earlier = read(), None, None
    if not once:
        earlier = counts(database) if database else None
        say(f"first reading taken; the second follows in {for_} (Ctrl-C ends, nothing is left behind)")
        _wait(roots, seconds)
        before, reading = reading, read()
        growth = readings.growth(before, reading, known)
    found = sessions(database, [each.ref.pid for each in reading.processes]) if database else None
    shown = leaks_shown.Shown(reading, readings.held(reading, known), growth, found, earlier)
    tell(lambda: print(json.dumps(shown.document(), indent=1)) if json_ else shown.show())


def _require_seen(reading: Any, roots: list[ProcessRef]) -> None:
    """Raises UsageError if a process the user named has ended or may not be read."""
    seen = {each.ref: each for each in reading.processes}
    for root in roots:
        if root not in seen and len(roots) == 1:
            raise UsageError(f"process {root.pid} has ended")
        if root in seen and seen[root].unseen:
            raise UsageError(seen[root].unseen)


def _wait(roots: list[ProcessRef], seconds: float) -> None:
    """Until the time is over, or the only process has ended."""
    waiting = select.poll()
    with ExitStack() as stack:
        if len(roots) == 1:
            with suppress(OSError):  # ended just now, or an old kernel: the next reading tells
                ended = os.pidfd_open(roots[0].pid)
                stack.callback(os.close, ended)
                waiting.register(ended, select.POLLIN)
        waiting.poll(seconds * 1000)


def _seconds(text: str) -> float:
    from chaos.spec.units import seconds

    try:
        found = seconds(text)
    except ValueError as error:
        raise UsageError(f"--for {error}{got_instead(str(error), repr(text))}") from None
    if found <= 0:
        raise UsageError(f"--for must be positive, got {text!r}")
    return found
