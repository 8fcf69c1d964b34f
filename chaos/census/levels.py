"""The levels at which a process's holdings can be named, from the weakest to the strongest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chaos.census.descriptors import Unseen
from chaos.census.held import held
from chaos.census.stacks import stacks, why_no_stacks
from chaos.census.witness.ask import NoAnswer, NotListening, ask, listens
from chaos.checks.leaks.grown import grown
from chaos.checks.leaks.held import more_held, more_stacks

Row = dict[str, Any]

_AS_OUTSIDE = {
    ("descriptors", "file"): "descriptors:file",
    ("descriptors", "deleted file"): "descriptors:deleted",
    ("descriptors", "pipe"): "descriptors:pipe",
    ("sockets", "socket"): "descriptors:socket",
}
"""What level 1 calls what the witness names by kind: of each resource, one level is reported."""


@dataclass(frozen=True, slots=True)
class Level:
    """One way to look into a process, and to compare two looks."""

    number: int
    why_not: Callable[[int], str]  # of a pid: empty if it applies, else what is needed; raises Gone
    read: Callable[[int], Any]  # a JSON document; raises Gone, Unseen
    grown: Callable[
        [Any, Any], list[Row]
    ]  # rows of `resource`, `count`, `held`, `what` and, where known, `place`


def levels(pprof: str = "", forbidden: str = "") -> tuple[Level, ...]:
    """Every level there is. Of each resource, the strongest level that explains its growth is reported.

    `forbidden`: why the witness must not be asked; empty: it may be.
    """
    return (
        Level(1, lambda _: "", held, more_held),
        Level(2, partial(why_no_stacks, pprof=pprof), partial(stacks, pprof=pprof), more_stacks),
        Level(3, lambda pid: forbidden or _why_no_witness(pid), _asked, _more_witnessed),
    )


def _why_no_witness(pid: int) -> str:
    return "" if listens(pid) else "no witness in this process; type: midnight target witness"


def _asked(pid: int) -> dict[str, Any]:
    try:
        return ask(pid)
    except (NotListening, NoAnswer) as error:
        raise Unseen(str(error)) from error


def _more_witnessed(before: dict[str, Any], after: dict[str, Any]) -> list[Row]:
    """Rows without those of no count, such as a holder that is named in vain."""
    if not before:  # everything that is held: the witness tells growth
        return []
    return [
        {
            "resource": _AS_OUTSIDE.get((each.resource, each.kind.partition(",")[0]), each.resource),
            "count": each.count,
            "held": each.held,
            "what": each.kind,
            "place": each.place,
            "stack": list(each.stack),
            "holder": each.holder,
            "bounded": each.bounded,
        }
        for each in grown(before, after, 1)
    ]
