"""Everything that is registered, by kind and name. A kind is the last part of its entry point group."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.checks import figures
from chaos.checks import registered as checks
from chaos.errors import UsageError
from chaos.plugin import registry
from chaos.reports import registered as reports
from chaos.sampling import plugged
from chaos.spec.near import instead

ALL = "all"


def registered() -> dict[str, list[str]]:
    """The names of each kind."""
    return {
        "faults": list(registry.names("faults")),
        "targets": list(registry.names("targets")),
        "checks": list(checks.by_name()),
        "figures": figures.names(),
        "sources": list(dict.fromkeys(point.name for point in plugged.points())),
        "reports": reports.names(),
    }


def chosen(asked: Sequence[str]) -> dict[str, list[str]]:
    """Those that were asked for, of every kind that has the name. Raises UsageError naming what is unknown."""
    known = registered()
    if ALL in asked:
        return known
    names = [name for each in known.values() for name in each]
    if strange := [name for name in asked if name not in names]:
        raise UsageError(
            f"--midnight-contract {strange[0]}: nothing of that name is registered; is its package installed? "
            f"{instead(strange[0], sorted(names))}"
        )
    return {kind: [name for name in dict.fromkeys(asked) if name in each] for kind, each in known.items()}
