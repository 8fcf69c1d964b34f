"""What every way to read a ledger back has in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chaos.load.keys import number_of
from chaos.load.ledger import Held
from chaos.spec.ledger import LedgerWrite

Found = Mapping[str, Sequence[Held]]
"""Of each key that is there, what each of its records holds."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one route's writes in a run: each in canonical form, with its sequence number."""

    ledger: LedgerWrite
    base: int
    last: int  # the highest number of the run's range
    numbers: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)  # of keys that a service wrote in another form

    def seq_of(self, key: str) -> int | None:
        """The sequence number of a key: of a write of this run, or of one that it was never to do."""
        found = self.numbers.get(key)
        if found is not None or self.ledger.is_chosen:
            return found
        number = number_of(self.ledger.key, key)
        return number - self.base if number is not None and self.base < number <= self.last else None

    def as_sent(self, key: str) -> str:
        """The key as the target wrote it: its canonical form may differ."""
        return self.texts.get(key, key)


class Source(Protocol):
    """One way to read a ledger back."""

    whole: bool  # each read is of everything; else, of the keys that are asked for
    blind: str  # what this way cannot see; empty: nothing

    @property
    def compared(self) -> bool:
        """True if what the records hold is compared; known after the first read."""

    def read(self, keys: Collection[str]) -> Found:
        """What is there of these keys, and under keys that are only known by their form. Raises Unread."""
