"""The command `midnight`: argv -> one call. `main` owns the exit codes."""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from chaos.cli import (
    baseline,
    bugreport,
    diagnostics,
    doctor,
    done,
    experiments,
    gate,
    machine,
    memory,
    run,
    runs,
    schedule,
    stack,
    target,
)
from chaos.console.output import forgiving
from chaos.errors import ExitCode, MidnightError, of_error
from chaos.record import redact, renamed, store

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a full or read-only disk: reported in one line, without a traceback."""

log = logging.getLogger(__name__)

app = typer.Typer(
    name="midnight",
    help="Replay the midnight failure sequence against a stack and get a verdict you can act on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=diagnostics.show,
        expose_value=False,
        is_eager=True,
        help="Log diagnostics to standard error.",
    ),
]


@app.callback()
def midnight(verbose: Verbose = False) -> None:
    del verbose  # its callback has switched the log on


app.command("run")(run.run)
app.command("gate")(gate.gate)
app.command("list")(experiments.list_)
app.command("show")(experiments.show)
app.command("validate")(experiments.validate)
app.command("runs")(memory.runs)
app.command("trend")(memory.trend)
app.command("prune")(memory.prune)
app.command("report")(runs.report)
app.command("judge")(runs.judge)
app.command("done")(done.done)
app.command("undo")(machine.undo)
app.command("stop")(machine.stop)
app.command("halt")(machine.halt)
app.command("doctor")(doctor.doctor)
app.command("bugreport")(bugreport.bugreport)
app.add_typer(baseline.app, name="baseline")
app.add_typer(stack.app, name="stack")
app.add_typer(target.app, name="target")
app.add_typer(schedule.app, name="schedule")


def main(argv: list[str] | None = None) -> None:
    """Run the command and exit with its code; 5 for an uncaught exception."""
    redact.known.forget()
    with forgiving():
        code = _code(argv)
    sys.exit(code)


def _command() -> Any:
    """The command, accepting `-v` before and after each subcommand."""
    command: Any = typer.main.get_command(app)
    (verbose,) = [each for each in command.params if each.name == "verbose"]
    below = list(command.commands.values())
    while below:
        each = below.pop()
        each.params.append(verbose)
        below += getattr(each, "commands", {}).values()
    return command


def _code(argv: list[str] | None) -> int:
    try:
        renamed.refuse_old_words(sys.argv[1:] if argv is None else argv)
        with diagnostics.session():
            result = _command()(argv, standalone_mode=False)
            code = result if isinstance(result, int) else ExitCode.PASS
            log.debug("exit code %d", code)
        return code
    except typer.Exit as ended:
        return ended.exit_code
    except MidnightError as error:
        print(f"midnight: {error}", file=sys.stderr)
        return of_error(error)
    except TyperException as error:  # bad arguments
        print(f"midnight: {getattr(error, 'format_message', error.__str__)()}", file=sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        print("midnight: stopped", file=sys.stderr)
        return of_error(KeyboardInterrupt())
    except OSError as error:
        if error.errno not in FULL:
            return _failed(error)
        place = Path(error.filename) if isinstance(error.filename, str) else store.reports_dir()
        print(f"midnight: {store.why_not_written(error, place)}", file=sys.stderr)
        return of_error(error)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    traceback.print_exc()
    print("midnight: this is a bug in midnight, not in the target", file=sys.stderr)
    return of_error(error)
