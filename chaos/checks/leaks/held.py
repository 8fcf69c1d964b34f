"""What a process holds more of than before, from two censuses of it (levels 1 and 2): counts, names and places."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chaos.checks.leaks.patterns import changes, pattern, shape

Document = Mapping[str, Any]

THREADS, DESCRIPTORS = "threads", "descriptors"

_SHOWN = 5  # descriptors of a row
_PACKAGED = re.compile(r"/(?:site|dist)-packages/|/pkg/mod/|/vendor/|/node_modules/")
_OF_RUNTIME = re.compile(
    r"^<frozen |^<shim>|/lib(?:64)?/python\d[\d.]*/(?!(?:site|dist)-packages/)|/python\d+\.zip/"
    r"|/go(?:-?[\d.]+)?/src/(?![^/]+\.[a-z]+/)"  # not those of a GOPATH: they begin with a host
    r"|^(?:java|jdk)\.[\w.]+/|^Unknown Source in | in (?:javax?|jdk|sun|com\.sun)\."
)


def more_held(before: Document, after: Document) -> list[dict[str, Any]]:
    """What grew between two documents of `census.held`: rows of `resource`, `count` (how many more), `held` (how many
    now), `what`, and the `fds` of the first that are new. The most grown first. `before` may be empty."""
    opened = {each["fd"]: _name(each) for each in before.get("descriptors", ())}
    rows = [
        row
        for kind in sorted({each["kind"] for each in after["descriptors"]})
        for row in _grown_kind(kind, before, after, opened)
    ]
    more = len(after["threads"]) - len(before.get("threads", ()))
    rows += _within(_more_threads(before, after), more)
    return sorted(rows, key=lambda row: -int(row["count"]))


def more_stacks(before: Iterable[Document], after: Sequence[Document]) -> list[dict[str, Any]]:
    """Which stacks more threads have than before: rows as above, with `place` (the deepest frame of the application)
    and the whole `stack`. No more threads in all: nothing grew, they only moved."""
    earlier, now = list(before), _by_stack(after)
    then = {stack: len(names) for stack, names in _by_stack(earlier).items()}
    rows = [
        {
            "resource": after[0].get("resource", THREADS),
            "count": len(names) - then.get(stack, 0),
            "held": len(names),
            "what": _common(names),
            "place": place_of(stack),
            "stack": list(stack),
        }
        for stack, names in now.items()
        if len(names) > then.get(stack, 0)
    ]
    return _within(rows, len(after) - len(earlier))


def place_of(stack: Sequence[str]) -> str:
    """The deepest frame of the application: neither of the runtime nor of an installed package, where there is one."""
    for skipped in ((_OF_RUNTIME, _PACKAGED), (_OF_RUNTIME,), ()):
        for frame in stack:
            if not any(each.search(frame) for each in skipped):
                return frame
    return ""


def _grown_kind(
    kind: str, before: Document, after: Document, opened: Mapping[int, str]
) -> list[dict[str, Any]]:
    now = [each for each in after["descriptors"] if each["kind"] == kind]
    then = [each for each in before.get("descriptors", ()) if each["kind"] == kind]
    found = changes(Counter(map(_name, then)), Counter(map(_name, now)))
    new: dict[str, list[int]] = defaultdict(list)
    for each in now:
        if opened.get(each["fd"]) != _name(each):
            new[found[_name(each)].pattern].append(each["fd"])
    return [
        {
            "resource": f"{DESCRIPTORS}:{kind}",
            "count": each.growth,
            "held": each.after,
            "what": f"{each.pattern}, deleted" if kind == "deleted" else each.pattern,
            "fds": new[each.pattern][:_SHOWN],
        }
        for each in set(found.values())
        if each.growth > 0
    ]


def _name(row: Document) -> str:
    """The name to group by. Ports that the kernel has chosen say nothing, and of a pipe nothing is known."""
    if row.get("accepted"):
        return f"socket {row['protocol']} accepted on :{row['local'].rpartition(':')[2]} {row['state']}"
    if row.get("protocol") == "udp" and not row["peer"]:
        return shape(row["what"])
    return "pipe" if row["kind"] == "pipe" else str(row["what"])


def _more_threads(before: Document, after: Document) -> list[dict[str, Any]]:
    then, now = (Counter(map(_thread, document.get("threads", ()))) for document in (before, after))
    return [
        {"resource": THREADS, "count": count - then[what], "held": count, "what": what}
        for what, count in now.items()
        if count > then[what]
    ]


def _thread(row: Document) -> str:
    """By name and what it waits for in the kernel; its state alone changes from moment to moment."""
    return f"{shape(row['name'])}, waiting in {row['wchan']}" if row["wchan"] else shape(row["name"])


def _by_stack(stacks: Iterable[Document]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for each in stacks:
        found[tuple(each["stack"])].append(str(each["name"]))
    return found


def _common(names: Sequence[str]) -> str:
    """The pattern of the threads' names, or the first few."""
    shapes: dict[str, list[str]] = defaultdict(list)
    for name in names:
        shapes[shape(name)].append(name)
    return ", ".join(pattern(some) for some in list(shapes.values())[:3] if some[0])


def _within(rows: Iterable[dict[str, Any]], more: int) -> list[dict[str, Any]]:
    """The rows that the growth of all of them accounts for, the largest first: a thread that moved on is no growth."""
    largest = sorted(rows, key=lambda row: -int(row["count"]))
    counts = within([row["count"] for row in largest], more)
    return [{**row, "count": count} for row, count in zip(largest, counts, strict=True) if count]


def within(counts: Iterable[int], more: int) -> list[int]:
    """These counts, cut where their sum exceeds `more`."""
    found, left = [], max(0, more)
    for count in counts:
        found.append(min(count, left))
        left -= found[-1]
    return found
