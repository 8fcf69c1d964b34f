"""What undoes each thing that midnight created for an attached target."""

from __future__ import annotations

from collections.abc import Callable

from chaos.plugin.fault import Evidence, Undo
from chaos.targets.attach import passfiles, proxying, started

LOGS = "logs as they are"


def _leave_logs(undo: Undo) -> Evidence:
    del undo
    return {"logs": "left as they are"}


_UNDOS: dict[str, Callable[[Undo], Evidence]] = {
    passfiles.WHAT: passfiles.remove,
    LOGS: _leave_logs,
    proxying.WHAT: proxying.remove,
    started.WHAT: started.stop,
}


def undo(what: Undo) -> Evidence:
    return _UNDOS[what["what"]](what)
