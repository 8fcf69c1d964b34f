"""The command `midnight`: argv -> one call. `main` owns the exit codes."""

from __future__ import annotations

import errno
import gc
import logging
import sys
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from chaos.cli import commands, diagnostics
from chaos.cli.examples import EXAMPLES
from chaos.console.output import forgiving
from chaos.errors import ExitCode, MidnightError, of_error
from chaos.record import redact, renamed, store

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a full or read-only disk: reported in one line, without a traceback."""

INTERRUPTED = 130
"""What typer returns after Ctrl-C, in place of the exception."""

log = logging.getLogger(__name__)

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


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # slow, and needed only here

        print(f"midnight {version('midnight-chaos')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
]


def midnight(verbose: Verbose = False, version: Version = False) -> None:
    del verbose, version  # their callbacks have acted


def app(called: Collection[str] = tuple(commands.COMMANDS)) -> typer.Typer:
    """The application; of the commands that are not called, only the names and their lines in the help."""
    made = typer.Typer(
        name="midnight",
        help="Replay the midnight failure sequence against a stack and get a verdict you can act on.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(midnight)
    commands.add_to(made, called)
    return made


def main(argv: list[str] | None = None) -> None:
    """Run the command and exit with its code; 5 for an uncaught exception."""
    # An import makes tens of thousands of objects that stay: to look through them is a tenth of a short command's time.
    gc.set_threshold(20_000)
    redact.known.forget()
    with forgiving():
        code = _code(argv)
    sys.exit(code)


def _command(argv: Sequence[str]) -> Any:
    """The command; it accepts `-v` before and after each subcommand, and each one's help ends with an example."""
    called = next((word for word in argv if not word.startswith("-")), "")
    command: Any = typer.main.get_command(app((called,)))
    (verbose,) = [each for each in command.params if each.name == "verbose"]
    below = list(command.commands.items())
    while below:
        path, each = below.pop()
        each.params.append(verbose)
        each.epilog = f"Example: {EXAMPLES[path]}" if path in EXAMPLES else None
        below += [(f"{path} {name}", inner) for name, inner in getattr(each, "commands", {}).items()]
    return command


def _code(argv: list[str] | None) -> int:
    try:
        given = sys.argv[1:] if argv is None else argv
        renamed.refuse_old_words(given)
        with diagnostics.session():
            result = _command(given)(given, standalone_mode=False)
            code = result if isinstance(result, int) else ExitCode.PASS
            if code == INTERRUPTED:
                return _stopped()
            log.debug("exit code %d", code)
        return code
    except typer.Exit as ended:
        return ended.exit_code
    except MidnightError as error:
        for line in error.lines:
            print(f"midnight: {line}", file=sys.stderr)
        return of_error(error)
    except TyperException as error:  # bad arguments
        from chaos.cli import usage  # slow, and needed for a refusal only

        print(f"midnight: {usage.line(error)}", file=sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except OSError as error:
        if error.errno not in FULL:
            return _failed(error)
        place = Path(error.filename) if isinstance(error.filename, str) else store.reports_dir()
        print(f"midnight: {store.why_not_written(error, place)}", file=sys.stderr)
        return of_error(error)
    except Exception as error:
        return _failed(error)


def _stopped() -> int:
    print("midnight: stopped", file=sys.stderr)
    return of_error(KeyboardInterrupt())


def _failed(error: Exception) -> int:
    traceback.print_exc()
    print("midnight: this is a bug in midnight, not in the target", file=sys.stderr)
    return of_error(error)
