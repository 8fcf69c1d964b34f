"""Preview the rotation of an attached target's logs, and show it in the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from chaos.errors import MidnightError
from chaos.host.rotation_plan import CannotRotate
from chaos.plugin.handles import LogFiles, Stanza
from chaos.spec.target import Target
from chaos.tools import rotating

FAULT = "logrotate"


def stanza(path: Path, conf: Path | None, target: Target, *, here: bool) -> Stanza:
    """The team's own stanza, with the global options of `conf`, or the default ones if they exist `here`."""
    usual = rotating.CONF if not here or rotating.CONF.exists() else None
    agreed = target.consent is not None and target.consent.postrotate
    return Stanza(path, conf if conf is not None else usual, agreed)


def states(given: Path | None) -> tuple[Path, ...]:
    return (given,) if given is not None else tuple(Path(usual) for usual in rotating.STATES)


def notes(logs: Callable[[], LogFiles], pids: Sequence[int]) -> list[str]:
    """Lines of the plan. A refusal is a line, too, so that a plan can be printed anywhere."""
    lines: list[str] = []
    try:
        there = logs()
        answer = rotating.look(there, pids)
        lines = rotating.shown(answer, there)
        rotating.refuse_scripts(answer, there)
    except (CannotRotate, MidnightError) as error:
        lines.append(f"will be refused: {error}")
    return lines
