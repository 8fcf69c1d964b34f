"""Rules that a file breaks, as validators raise them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Place = tuple[int | str, ...]


class BrokenRule(ValueError):
    """A broken rule that spans several keys, at `place` (relative to the rule's model)."""

    def __init__(self, rule: str, *place: int | str) -> None:
        super().__init__(rule)
        self.place: Place = place


class SecretValue(BrokenRule):
    """A broken rule whose value may be a secret: the message must not show it."""


class BrokenRules(ValueError):
    """Several broken rules at once: a validator that raised the first would hide the others."""

    def __init__(self, rules: Sequence[BrokenRule]) -> None:
        super().__init__("; ".join(map(str, rules)))
        self.rules = tuple(rules)


def refuse(rules: Iterable[BrokenRule]) -> None:
    """Raises BrokenRules, if there are any."""
    if found := tuple(rules):
        raise BrokenRules(found)
