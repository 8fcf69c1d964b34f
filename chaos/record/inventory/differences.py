"""Compare two inventories: what differs, what a step explains, and what is left behind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from chaos.record.event import Event
from chaos.record.inventory import files_compared
from chaos.record.inventory.document import CONTAINERS, FILES, ID, KINDS, PROCESSES, Fields, Inventory, Things

GONE, NEW = "gone", "new"
NOTED = "~"  # prefix of fields that are reported but are not findings

Claim = Mapping[str, Any]
"""A step's intended lasting changes: `kind`, `thing` (a shell pattern) and `fields`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one thing; the field states if the thing is gone or new."""

    kind: str
    thing: str
    field: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.kind == FILES:
            return f"{self.thing}: {self.after}"
        name = self.field.removeprefix(NOTED)
        if name in (GONE, NEW):
            return f"{self.thing} is {name}"
        return f"{self.thing}: {name} was {_shown(self.before)}, is {_shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left`: differs although a step that touches it is undone; `noted`: other differences; `unread`: touched by a
    step but could not be compared."""

    left: tuple[Difference, ...]
    noted: tuple[Difference, ...]
    unread: tuple[str, ...]


def compare(before: Inventory, after: Inventory, events: Sequence[Event]) -> Comparison:
    """Return what the run with these `events` left behind."""
    from chaos.record.events import StepInjecting  # slow: makes seventy classes, and a plan needs none

    begun = [step for event in events if (step := StepInjecting.of(event)) is not None]
    touched = {kind for step in begun for kind in (KINDS if step.touches is None else step.touches)}
    claims = [claim for step in begun for claim in step.explains]
    left: list[Difference] = []
    noted: list[Difference] = []
    for difference in differences(before, after):
        plain = difference.kind in touched and not difference.field.startswith(NOTED)
        (left if plain and not _explained(difference, claims) else noted).append(difference)
    unread = [
        f"{place}: {because}"
        for kind in sorted(touched)
        for place, because in {**before.unread.get(kind, {}), **after.unread.get(kind, {})}.items()
    ]
    return Comparison(tuple(left), tuple(noted), tuple(unread))


def differences(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield everything that differs. Unread things are not differences."""
    for kind in KINDS:
        one, other = (_read_in_both(kind, each, before, after) for each in (before, after))
        if kind == FILES:
            for thing, field, sentence in files_compared.compared(one, other):
                yield Difference(kind, thing, field, None, sentence)
            continue
        for thing in sorted({*one, *other}):
            yield from _of(kind, thing, one.get(thing), other.get(thing))


def _read_in_both(kind: str, one: Inventory, before: Inventory, after: Inventory) -> Things:
    """Return the things of a kind, without those of a place unread in either inventory."""
    unread = {*before.unread.get(kind, {}), *after.unread.get(kind, {})}
    if kind == CONTAINERS and unread:  # their names do not tell the engine
        return {}
    return {
        name: fields
        for name, fields in one.of(kind).items()
        if not any(name.endswith(f" {place}") or name.startswith(f"{place}/") for place in unread)
    }


def _of(kind: str, thing: str, before: Fields | None, after: Fields | None) -> Iterator[Difference]:
    if before is None or after is None:
        # A supervisor may have restarted the process: the service's answers tell whether it is back. No fault removes
        # a container: a missing or replaced one was changed by others.
        noted = after is None and kind in (PROCESSES, CONTAINERS)
        yield Difference(kind, thing, (NOTED if noted else "") + (GONE if after is None else NEW))
        return
    if before.get(ID) != after.get(ID):
        yield Difference(kind, thing, ID, before.get(ID), after.get(ID))
        return
    for field in sorted({*before, *after}):
        if before.get(field) != after.get(field):
            yield Difference(kind, thing, field, before.get(field, "not set"), after.get(field, "not set"))


def _explained(difference: Difference, claims: Sequence[Claim]) -> bool:
    return any(
        claim["kind"] == difference.kind
        and fnmatchcase(difference.thing, claim["thing"])
        and any(fnmatchcase(difference.field, field) for field in claim["fields"])
        for claim in claims
    )


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
