"""The logs of a target that midnight did not start: looked at before the play, and told in the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from chaos.errors import ControlError, MidnightError, UsageError
from chaos.handles import LogFiles, Stanza
from chaos.host.rotation_plan import CannotRotate
from chaos.target import Target
from chaos.tools import rotating

FAULT = "logrotate"
STAGED = "logs.grown"  # what only that fault asks to be staged


def stanza(path: Path, conf: Path | None, target: Target, *, here: bool) -> Stanza:
    """The team's own, by the global options of `conf`, or the usual ones where they are `here` and there."""
    usual = rotating.CONF if not here or rotating.CONF.exists() else None
    agreed = target.consent is not None and target.consent.postrotate
    return Stanza(path, conf if conf is not None else usual, agreed)


def states(given: Path | None) -> tuple[Path, ...]:
    return (given,) if given is not None else tuple(Path(usual) for usual in rotating.STATES)


def check(logs: LogFiles, pids: Sequence[int]) -> None:
    """Raises UsageError, with what to do about it, unless each of the logs can be rotated and nothing is lost."""
    try:
        rotating.refuse_scripts(rotating.look(logs, pids), logs)
    except (CannotRotate, ControlError) as error:
        raise UsageError(f"options: logs: {error}") from None


def notes(read: Callable[[], LogFiles], pids: Sequence[int]) -> list[str]:
    """Lines of the plan. What would be refused is said, so that a plan can be printed anywhere."""
    try:
        logs = read()
        answer = rotating.look(logs, pids)
        lines = rotating.shown(answer, logs)
        rotating.refuse_scripts(answer, logs)
    except (CannotRotate, MidnightError) as error:
        return [*(lines if "lines" in locals() else []), f"will be refused: {error}"]
    return lines
