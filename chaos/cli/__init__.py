"""The command `midnight`: argv -> one call. `main` owns the exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path

import typer
from typer.exceptions import TyperException

from chaos.cli import (
    baseline,
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
from chaos.cli.output import forgiving
from chaos.errors import MidnightError
from chaos.record import redact, renamed, store

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a disk says that takes nothing more: told in one line, without a traceback."""

app = typer.Typer(
    name="midnight",
    help="Replay the midnight failure sequence against a stack, and get a verdict you can act on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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
app.add_typer(baseline.app, name="baseline")
app.add_typer(stack.app, name="stack")
app.add_typer(target.app, name="target")
app.add_typer(schedule.app, name="schedule")


def main(argv: list[str] | None = None) -> None:
    """Run the command and end the process with the code of the design. An uncaught exception is 5."""
    redact.known.forget()
    with forgiving():
        code = _code(argv)
    sys.exit(code)


def _code(argv: list[str] | None) -> int:
    try:
        renamed.refuse_old_words(sys.argv[1:] if argv is None else argv)
        result = app(argv, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except typer.Exit as ended:
        return ended.exit_code
    except MidnightError as error:
        print(f"midnight: {error}", file=sys.stderr)
        return error.exit_code
    except TyperException as error:  # what was typed is wrong
        print(f"midnight: {getattr(error, 'format_message', error.__str__)()}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print("midnight: stopped", file=sys.stderr)
        return 4
    except OSError as error:
        if error.errno not in FULL:
            return _failed()
        place = Path(error.filename) if isinstance(error.filename, str) else store.reports_dir()
        print(f"midnight: {store.why_not_written(error, place)}", file=sys.stderr)
        return MidnightError.exit_code
    except Exception:
        return _failed()


def _failed() -> int:
    traceback.print_exc()
    print("midnight: this is a failure of midnight itself, not of the target", file=sys.stderr)
    return MidnightError.exit_code
