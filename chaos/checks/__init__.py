"""The checks: pure functions from a stored run to findings. Nothing here acts.

`Check`, `Finding`, `Judged` and `Outcome` are what the checks of plug-ins are written against; `Figure`, `Measured`,
`Room`, `Tolerance` and `of_finding` their figures. Each name is imported when it is first used: to list runs, only the
table of figures is needed, and not what measures them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaos.checks.check import Check
    from chaos.checks.figure import Figure, Room, Tolerance, of_finding
    from chaos.checks.finding import Finding, Outcome
    from chaos.checks.judged import Judged
    from chaos.checks.measured import Measured

__all__ = ["Check", "Figure", "Finding", "Judged", "Measured", "Outcome", "Room", "Tolerance", "of_finding"]

_HOMES = {
    "check": "Check",
    "figure": "Figure Room Tolerance of_finding",
    "finding": "Finding Outcome",
    "judged": "Judged",
    "measured": "Measured",
}
_HOME = {name: f"chaos.checks.{module}" for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
