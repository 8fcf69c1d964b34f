"""Which signals ask a run to stop."""

from __future__ import annotations

import signal


def signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, `kill`, and a terminal that goes; not that one where we were begun to outlive it (`nohup`)."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,)))
