"""What an unknown name was probably meant to be."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from chaos.errors import Hint, UsageError

LONGEST = 60  # characters of a name that may be a slip; comparing longer ones takes long
MOST = 235  # characters of all known names in a message


class UnknownName(UsageError):
    """A name that is none of those known. The message ends with the one that was meant, or all that are known."""

    def __init__(self, rule: str, name: str, known: Collection[str]) -> None:
        super().__init__(f"{rule}; {instead(name, known)}")
        self.hint = hint(name, known)


def nearest(name: str, known: Collection[str], least: float = 0.6) -> str | None:
    """Return the known name that resembles it most, by difflib's ratio from 0 to 1; None if none does."""
    return next(iter(get_close_matches(name, known, 1, least)), None) if len(name) <= LONGEST else None


def hint(name: str, known: Collection[str]) -> Hint:
    """The names that would do in its place: those that `instead` shows."""
    meant = nearest(name, known)
    return Hint((meant,) if meant else tuple(_shown(known)))


def instead(name: str, known: Collection[str]) -> str:
    """The end of an error about an unknown name: the one that was meant, or all that are known."""
    meant = nearest(name, known)
    return f"did you mean {meant}?" if meant else f"known: {listed(known)}"


def listed(names: Collection[str]) -> str:
    """The names, as many as a reader takes in, and how many more there are."""
    shown = _shown(names)
    more = len(names) - len(shown)
    return f"{', '.join(shown)}{f' and {more} more' if more else ''}" if shown else "none"


def _shown(names: Collection[str]) -> list[str]:
    shown, length = list[str](), 0
    for each in names:
        length += len(each) + 2
        if length > MOST:
            break
        shown.append(each)
    return shown
