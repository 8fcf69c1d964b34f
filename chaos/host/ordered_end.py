"""End a program of the team's own gracefully: signal it first, and kill it only if it does not end.

SIGINT comes first: on it, PostgreSQL's tools cancel their running statements (`psql` does so on no other signal and
would otherwise leave a VACUUM running), and compressors and backups remove partial output.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

from chaos.host.processes import family_of, marked_by_others, send, stop_marked, wait

ASKED: Sequence[tuple[signal.Signals, float]] = ((signal.SIGINT, 5.0), (signal.SIGTERM, 20.0))
"""The signals, and the seconds allowed after each."""


def end_in_order(mark: str, asked: Sequence[tuple[signal.Signals, float]] = ASKED) -> dict[str, Any]:
    """End every process that carries the mark, and its descendants; return how it ended. Raises UndoError."""
    how, ended = "by itself", 0
    for number, patience in asked:
        targets = marked_by_others(mark)
        if not targets:
            return {"processes_stopped": ended, "ended": how}
        ended = max(ended, len(targets))
        family = family_of(targets)
        send(targets, number)
        how = f"after {number.name}"
        if wait(family, patience):
            how = f"not after {number.name}"
    left = stop_marked(mark, grace=0)
    if left:
        seconds = sum(patience for _, patience in asked)
        how = f"killed: it was still running {seconds:g} s after the first signal, and its work may be half done"
    return {"processes_stopped": max(ended, len(left)), "ended": how}
