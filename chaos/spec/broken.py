"""Rules that a file breaks, as validators raise them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from chaos.errors import NO_HINT, Hint
from chaos.spec import near

Place = tuple[int | str, ...]


WRONG_KIND = Hint(is_kind=True)


class BrokenRule(ValueError):
    """A broken rule that spans several keys, at `place` (relative to the rule's model)."""

    def __init__(self, rule: str, *place: int | str, hint: Hint = NO_HINT) -> None:
        super().__init__(rule)
        self.place: Place = place
        self.hint = hint

    def under(self, *place: int | str) -> BrokenRule:
        """Return it as one of a model that has this one at `place`."""
        return BrokenRule(str(self), *place, *self.place, hint=self.hint)


class UnknownValue(ValueError):
    """A value that is none of those known. The message shows the value, then the one that was meant, or all known."""

    def __init__(self, rule: str, value: str, known: Collection[str]) -> None:
        super().__init__(f"{rule}; {near.instead(value, known)}")
        self.hint = near.hint(value, known)


def unknown(rule: str, name: str, known: Collection[str], *place: int | str) -> BrokenRule:
    """A broken rule about an unknown name: the rule, then the name that was meant, or all that are known."""
    return BrokenRule(f"{rule}; {near.instead(name, known)}", *place, hint=near.hint(name, known))


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
