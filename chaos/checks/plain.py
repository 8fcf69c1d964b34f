"""Plain words: sentences of findings for readers who know none of midnight's terms, and cut to a length."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 160
"""Characters of the first line of a verdict."""

_WORDS: tuple[tuple[str, str], ...] = (
    (r"indeterminate hits?", "requests in doubt"),
    (r"hits? in doubt", "requests in doubt"),
    (r"indeterminate", "in doubt"),
    (r"not exercised", "not tested"),
    (r"bad hits", "failed requests"),
    (r"bad hit", "failed request"),
    (r"good hits", "well answered requests"),
    (r"hits that were not good", "failed requests"),
    (r"not good", "bad"),
    (r"hits", "requests"),
    (r"hit", "request"),
    (r"effect below its floor", "too little effect"),
    (r"> ∞", "never answered well"),
    (r"-?∞", "never answered well"),
)
_PLAIN = tuple((re.compile(rf"(?<![\w-]){word}(?![\w-])"), plain) for word, plain in _WORDS)


def plain(text: str) -> str:
    """Return the sentence on one line, in words that need no glossary."""
    said = " ".join(text.split())
    for word, instead in _PLAIN:
        said = word.sub(instead, said)
    return said


def cut(text: str, longest: int) -> str:
    """Return the text, cut after a whole word if it is too long."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    whole = kept.rpartition(" ")[0]
    return (whole if len(whole) > longest // 2 else kept).rstrip(" ,;:(") + "…"


def sentence(opening: str, clauses: Iterable[str], ending: str = "", longest: int = LONGEST) -> str:
    """Return one plain sentence of at most `longest` characters: as many of the clauses, in order, as fit whole. The
    first one is cut if it is too long; `ending` is kept if it fits beside it."""
    every = list(dict.fromkeys(plain(clause).rstrip(".") for clause in clauses if clause.strip()))
    if not every:
        return f"{cut(f'{opening}: {ending}' if ending else opening, longest - 1)}."
    ending = f"; {ending}" if ending else ""
    room = longest - len(f"{opening}: .")
    if len(every[0]) + len(ending) > room and len(ending) > room // 2:
        ending = ""
    said = cut(every[0], max(1, room - len(ending)))
    for clause in every[1:]:
        if len(f"{said}; {clause}{ending}") <= room:
            said = f"{said}; {clause}"
    whole = f"{opening}: {said}{ending}"
    return whole if whole.endswith("…") else f"{whole}."
