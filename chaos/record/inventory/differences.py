"""Two inventories compared: what differs, what a step explains, and what is left behind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from chaos.record.event import Event
from chaos.record.events import StepInjecting
from chaos.record.inventory import files_compared
from chaos.record.inventory.document import CONTAINERS, FILES, ID, KINDS, PROCESSES, Fields, Inventory, Things

GONE, NEW = "gone", "new"
NOTED = "~"  # how the name of a field begins that is told, and no finding

Claim = Mapping[str, Any]
"""What a step changes on purpose, and leaves changed: `kind`, `thing` (a pattern as in a shell) and `fields`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one thing; of a thing that is gone, or new, the field says so."""

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
    """`left`: what differs although a step that touches it is undone; `noted`: what differs, and is none of that;
    `unread`: what could not be compared, of what a step touched."""

    left: tuple[Difference, ...]
    noted: tuple[Difference, ...]
    unread: tuple[str, ...]


def compare(before: Inventory, after: Inventory, events: Sequence[Event]) -> Comparison:
    """What the run whose `events` these are has left behind."""
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
    """Everything that differs. What is unread in one of the two is no difference."""
    for kind in KINDS:
        one, other = (_read_in_both(kind, each, before, after) for each in (before, after))
        if kind == FILES:
            for thing, field, sentence in files_compared.compared(one, other):
                yield Difference(kind, thing, field, None, sentence)
            continue
        for thing in sorted({*one, *other}):
            yield from _of(kind, thing, one.get(thing), other.get(thing))


def _read_in_both(kind: str, one: Inventory, before: Inventory, after: Inventory) -> Things:
    """The things of a kind, without those of a place that is unread in either."""
    unread = {*before.unread.get(kind, {}), *after.unread.get(kind, {})}
    if kind == CONTAINERS and unread:  # their names do not say on which engine
        return {}
    return {
        name: fields
        for name, fields in one.of(kind).items()
        if not any(name.endswith(f" {place}") or name.startswith(f"{place}/") for place in unread)
    }


def _of(kind: str, thing: str, before: Fields | None, after: Fields | None) -> Iterator[Difference]:
    if before is None or after is None:
        # A supervisor may have started the process anew: whether the service is back is judged by its answers. No
        # fault removes a container: that was somebody else, as with one that was replaced.
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
