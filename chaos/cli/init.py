"""`midnight init`: look at a service on this machine, and write its first target file and experiment."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.console.output import say, tell
from chaos.errors import UsageError

if TYPE_CHECKING:
    from chaos.first_target.draft import Consent

What = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL|PID|compose:PROJECT|unit:NAME]",
        help="The service. Default: your only process that listens.",
    ),
]
Named = Annotated[
    str | None, typer.Option(metavar="NAME", help="Target name; default: that of the service found.")
]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Target file to write; default: NAME.yaml.")
]
ToExperiment = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Experiment to write; default: NAME-night.yaml.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing; leave the consent commented out.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]


def init(
    what: What = None,
    name: Named = None,
    output: Output = None,
    experiment: ToExperiment = None,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Look at a service on this machine and write its first target file, each line with its reason, and an experiment
    that plays on it. Sends GET requests, reads files and processes, changes nothing, and writes no secret."""
    from chaos.first_target import files  # slow, and must not delay the start of another command

    today = datetime.now(UTC).date()
    plan = files.look(what, name, output, experiment)
    plan.refuse_existing(force=force)
    consent = None if yes else _asked(plan.draft.name, today)
    written = files.write(plan, consent, today)
    tell(lambda: print("\n".join(written)))


def _asked(name: str, today: date) -> Consent | None:
    """Who agreed, and until when; None if that is left open."""
    from chaos.first_target.draft import CONSENT_FOR, Consent

    owner = _answer(f"Who agreed that {name} may be disturbed (team, name)? Leave empty to decide later: ")
    if not owner:
        return None
    default = (today + CONSENT_FOR).isoformat()
    until = _answer(f"Until what date? [{default}] ") or default
    try:
        day = date.fromisoformat(until)
    except ValueError:
        day = date.min
    if day < today:
        raise UsageError(f"the date must be today or later, such as {default}, got {until!r}")
    return Consent(owner[:200], day.isoformat())


def _answer(question: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        say("standard input is not a terminal: asking nothing, as with --yes")
        return ""
    try:
        print(question, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()
    except (EOFError, OSError):
        return ""
