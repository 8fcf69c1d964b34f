"""Requests counted by method, path template and operation of GraphQL, in bounded memory.

A part of the path with too many different words (names, slugs, dates) becomes one: the first of them replaces all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.imports import graphql, templates
from chaos.imports.imported import ImportedRoute, Request, counted

MOST_WORDS = 60
"""Different words in one place of a path before they count as one."""

MOST_NODES = 20_000
DEEPEST, MOST_METHODS = 24, 12
_RARE = 0.05  # of a route's answers: a rarer 4xx is not expected
_NEVER_EXPECTED = (401, 403, 407, 408, 425, 429, 460, 463, 499)  # 460: the client left (AWS ALB)
_NOT_THERE = frozenset({400, 403, 404, 405, 410, 414, 444})

_DELETES = "it deletes, and other things than on record: remove the marks if that is meant"
OTHER = "further paths: there are too many different ones"
NOT_THERE = "paths that are not there (answered only with 4xx)"


@dataclass(slots=True)
class Seen:
    """The requests of one template."""

    request: Request
    count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    least: int | None = None  # the numbers that {item} replaced
    largest: int | None = None
    kinds: set[str] = field(default_factory=set)
    variants: int = 0  # requests that carried something else than the first
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, other: Seen) -> None:
        self.count += other.count
        self.statuses.update(other.statuses)
        self.variants += other.variants
        self.kinds |= other.kinds
        self.notes |= other.notes
        for number in (other.least, other.largest):
            self.number(number)

    def number(self, number: int | None) -> None:
        if number is not None:
            self.least = number if self.least is None else min(self.least, number)
            self.largest = number if self.largest is None else max(self.largest, number)


@dataclass(slots=True)
class _Node:
    below: dict[str, _Node] = field(default_factory=dict)
    methods: dict[tuple[str, str], Seen] = field(default_factory=dict)  # and operations of GraphQL
    word: str | None = None  # replaces all words here
    merged: bool = False


class Tally:
    def __init__(self) -> None:
        self._root = _Node()
        self._nodes = 0
        self.left_out: Counter[str] = Counter()

    def seen(self, method: str, path: str, request: Request) -> Seen | None:
        """Count one request, and return what is known of its template; None if it is left out."""
        parts = templates.parts(path)
        if len(parts) > DEEPEST:
            self.left_out[OTHER] += 1
            return None
        node = self._root
        for part in parts:
            below = self._step(node, part)
            if below is None:
                self.left_out[OTHER] += 1
                return None
            node = below
        key = method, graphql.operation(request.query, request.body.get("json"))
        found = node.methods.get(key)
        if found is None and len(node.methods) >= (MOST_WORDS if key[1] else MOST_METHODS):
            self.left_out[OTHER] += 1
            return None
        if found is None:
            found = node.methods[key] = Seen(request)
        found.count += 1
        for part in parts:
            found.number(part.number)
            if part.kind:
                found.kinds.add(part.kind)
        return found

    def _step(self, node: _Node, part: templates.Part) -> _Node | None:
        text = part.text
        if node.word is not None and not _named(text):
            text = node.word
        below = node.below.get(text)
        if below is not None:
            return below
        if self._nodes >= MOST_NODES:
            return None
        words = [each for each in node.below if not _named(each)]
        if len(words) >= MOST_WORDS and not _named(text):
            return self._merge(node, words)
        self._nodes += 1
        below = node.below[text] = _Node()
        return below

    def _merge(self, node: _Node, words: list[str]) -> _Node:
        """From now on one word replaces all: the first."""
        node.word = words[0]
        kept = node.below[words[0]]
        kept.merged = True
        self._nodes -= len(words) - 1
        for word in words[1:]:
            _joined(kept, node.below.pop(word))
        return kept

    def shown_left_out(self) -> tuple[str, ...]:
        return tuple(f"{why}: {counted(count, 'request')}" for why, count in self.left_out.items())

    def routes(self) -> list[ImportedRoute]:
        """The routes, the most frequent first. What was never there is left out."""
        found = []
        for method, texts, merged, seen in _walk(self._root, [], False):
            if seen.statuses and set(seen.statuses) <= _NOT_THERE:
                self.left_out[NOT_THERE] += seen.count
            else:
                found.append(_route(method, templates.joined(texts), merged, seen))
        return sorted(found, key=lambda each: (-each.weight, each.path, each.method))


def _named(text: str) -> bool:
    return text.startswith((templates.ITEM, templates.UUID))


def _joined(into: _Node, other: _Node) -> None:
    for key, seen in other.methods.items():
        if key in into.methods:
            into.methods[key].add(seen)
        else:
            into.methods[key] = seen
    for text, below in other.below.items():
        if text in into.below:
            _joined(into.below[text], below)
        else:
            into.below[text] = below


def _walk(node: _Node, texts: list[str], merged: bool) -> Iterator[tuple[str, list[str], bool, Seen]]:
    for (method, _), seen in node.methods.items():
        yield method, texts, merged, seen
    for text, below in node.below.items():
        yield from _walk(below, [*texts, text], merged or below.merged)


def _route(method: str, path: str, merged: bool, seen: Seen) -> ImportedRoute:
    statuses, notes = expected(seen.statuses), list(seen.notes)
    shown = ", ".join(f"{status} ×{count}" for status, count in seen.statuses.most_common(6))
    notes.insert(0, f"{counted(seen.count, 'request')}{f', answered {shown}' if shown else ''}")
    items = 1
    if seen.largest is not None:
        items = max(1, seen.largest)
        span = f"{seen.least} to {seen.largest}" if seen.least != seen.largest else f"{seen.least} only"
        notes.append(f"numbers on record: {span}; {{item}} is 1 to {items}")
        if path.count(templates.ITEM) > 1:
            notes.append(
                "both {item} are the same number: use rows: FILE and {row.NAME} for pairs that exist"
            )
    if seen.kinds:
        kinds = " and ".join(sorted(f"a {each}" for each in seen.kinds))
        notes.append(
            f"{{uuid}} replaces {kinds}: what must exist comes from a file, rows: FILE and {{row.NAME}}"
        )
    if merged:
        notes.append(
            f"one of more than {MOST_WORDS} words in its place: use rows: FILE and {{row.NAME}} for others"
        )
    if seen.variants:
        notes.append(f"{seen.variants} of the requests carried something else than this one")
    off = _DELETES if method == "DELETE" else ""
    return ImportedRoute(
        method, path, float(seen.count), items, seen.request, statuses, notes=tuple(notes), off=off
    )


def expected(statuses: Counter[int]) -> tuple[int, ...]:
    """The statuses of good answers: those below 400, and 4xx that are no exception; none for any 2xx."""
    total = sum(statuses.values())
    good = {
        status
        for status, count in statuses.items()
        if 200 <= status < 400
        or (400 <= status < 500 and status not in _NEVER_EXPECTED and count >= _RARE * total)
    }
    good = _without_conditions(good)
    if not any(status < 400 for status in good):
        return ()
    return tuple(sorted(good))


def _without_conditions(good: set[int]) -> set[int]:
    """What is answered without Range and If-None-Match, which the load does not send."""
    if 304 in good and not any(200 <= status < 300 for status in good):
        return good - {304} | {200}
    return good - {304} | ({200} if 206 in good else set())
