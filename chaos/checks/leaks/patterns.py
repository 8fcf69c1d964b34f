"""Names that differ only in numbers, hexadecimals or UUIDs, as one pattern: `/srv/tmp/*.pdf`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

ANY = "*"
_VARIES = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # a UUID
    r"|(?<=tmp)[a-z0-9_]{8}(?![a-z0-9_])"  # of Python's tempfile
    r"|(?<=/tmp\.)[A-Za-z0-9]{6,10}(?![A-Za-z0-9])"  # of mktemp(1)
    r"|(?<![0-9a-zA-Z])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{6,}(?![0-9a-zA-Z])"  # hexadecimal, with a digit in it
    r"|\d+"
)
_LEAST = 3  # names that differ in their letters too, from which a directory's are one pattern


@dataclass(frozen=True, slots=True)
class Change:
    """How many things had names of one pattern, before and after."""

    pattern: str
    before: int
    after: int

    @property
    def growth(self) -> int:
        return self.after - self.before


def shape(name: str) -> str:
    """The name with everything that varies replaced: equal for names of one pattern."""
    return _VARIES.sub(ANY, name)


def pattern(names: Sequence[str]) -> str:
    """What names of one shape have in common: only parts that really differ become `*`."""
    fixed = _VARIES.split(names[0])
    values = zip(*(_VARIES.findall(name) for name in names), strict=True)
    varying = [each[0] if len(set(each)) == 1 else ANY for each in values]
    return "".join(part for pair in zip(fixed, [*varying, ""], strict=True) for part in pair)


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Change]:
    """How often names of each pattern occurred, by name, from how often each name did. Only paths have patterns: in
    an address every number counts."""
    by_shape: dict[str, list[str]] = defaultdict(list)
    for name in sorted({*before, *after}):
        by_shape[shape(name) if name.startswith("/") else name].append(name)
    groups = {pattern(names): names for names in by_shape.values()}
    sums = {each: (_sum(names, before), _sum(names, after)) for each, names in groups.items()}
    for common, patterns in _random(sums).items():
        groups[common] = [name for each in patterns for name in groups.pop(each)]
    return {
        name: Change(each, _sum(names, before), _sum(names, after))
        for each, names in groups.items()
        for name in names
    }


def _random(sums: Mapping[str, tuple[int, int]]) -> dict[str, list[str]]:
    """Files that came or went once each, in one directory and with one ending: their names are random. With those
    that were there before and after, by what they have in common."""
    alone: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each, counts in sums.items():
        if each.startswith("/") and max(counts) == 1:
            alone[_place(each)].append(each)
    found = {}
    for (directory, ending), all_ in alone.items():
        changed = [each for each in all_ if sums[each] != (1, 1)]
        if len(changed) >= _LEAST or len({sums[each] for each in changed}) > 1:
            start = _common_start(changed, directory)
            found[f"{start}{ANY}{ending}"] = [each for each in all_ if each.startswith(start)]
    return found


def _place(path: str) -> tuple[str, str]:
    """Its directory and its ending."""
    directory, _, name = path.rpartition("/")
    _, dot, ending = name.rpartition(".")
    return f"{directory}/", f"{dot}{ending}" if dot else ""


def _common_start(paths: Sequence[str], directory: str) -> str:
    """The directory, and what all names begin with up to a sign: one letter in common may be chance."""
    first, last = min(paths), max(paths)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return directory + re.sub(r"[^\W_]*$", "", first[len(directory) : same])


def _sum(names: Iterable[str], counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in names)
