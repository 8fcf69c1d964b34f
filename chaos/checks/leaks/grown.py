"""What grew between two censuses of a witness, and where: by the application's own frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaos.checks.leaks import resources
from chaos.checks.leaks.held import THREADS, within
from chaos.checks.leaks.resources import AT

_FRAMES = 3
_PACKAGES = ("/site-packages/", "/dist-packages/")
HELD_BY = ", held by "
_PLACED = tuple(each.name for each in resources.ALL if each.placed)
_MOVING = (THREADS, "tasks")
_LISTS = (*_PLACED, THREADS, "forgotten")  # of a census


@dataclass(frozen=True, slots=True)
class Grown:
    """`count` more of a resource than before, from one place."""

    resource: str  # descriptors, sockets, sessions, greenlets, tasks, threads, entries, forgotten
    count: int
    held: int  # now
    place: str  # `file:line in function`; empty if unknown
    stack: tuple[str, ...]  # up to three frames of the application, innermost first
    holder: str  # of entries: the global or attribute, such as app.CONTEXTS
    kind: str  # of what: file, deleted file, dict, ...
    bounded: str  # why the growth may have an end; empty if no bound is known
    per_request: float


def grown(before: Mapping[str, Any], after: Mapping[str, Any], requests: int) -> list[Grown]:
    """What grew, by count, largest first. Both censuses are of the same process; `requests` it served in between.

    Of containers, `before` must be the process's first census, or one of the twelve before `after`.
    """
    found = [each for resource in _LISTS for each in _by_place(resource, before, after, requests)]
    found += _entries(before, after, requests)
    found.sort(key=lambda each: -each.count)
    for resource in _MOVING:
        found = _without_moved(found, resource, before, after)
    return found


def _without_moved(
    found: Sequence[Grown], resource: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Grown]:
    """What is listed by where it is now: one that moved on is no growth."""
    mine = [each for each in found if each.resource == resource]
    more = sum(each["count"] for each in after[resource]) - sum(each["count"] for each in before[resource])
    kept = dict(zip(mine, within([each.count for each in mine], more), strict=True))
    capped = [
        replace(each, count=kept[each], per_request=each.per_request * kept[each] / each.count)
        if each in kept
        else each
        for each in found
    ]
    return [each for each in capped if each.count]


def placed(census: Mapping[str, Any]) -> dict[str, int]:
    """How many of each resource come from each place, and the entries of each container: `sockets:at app.py:52 in get`.

    Of two quiet points they tell growth apart that a busy pool of the same resource hides.
    """
    found: Counter[str] = Counter()
    for resource in _PLACED:
        for (_, place), groups in _grouped(census, resource).items():
            if place:
                found[f"{resource}:{AT}{place}"] += sum(each["count"] for each in groups)
    for name, each in _placed_containers(census):
        found[name] += each["length"]
    return dict(found)


def earlier(census: Mapping[str, Any], counter: int, listed: Collection[int]) -> dict[str, int]:
    """The entries at the census with that counter of containers that it did not list, by the names of `placed`. A
    container is listed only once it has grown: without this, its first growth would not be known.

    `listed`: the ids of those that it did list. One whose length then is not known counts as unchanged.
    """
    found: Counter[str] = Counter()
    for name, each in _placed_containers(census):
        if each["id"] not in listed:
            found[name] += each["was"].get(str(counter), each["length"])
    return dict(found)


def _placed_containers(census: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in census["containers"]:
        if each["writers"] and each["holder"] and not _bound(each):
            yield f"entries:{AT}{each['writers'][0]}{HELD_BY}{each['holder']}", each


def _by_place(
    resource: str, before: Mapping[str, Any], after: Mapping[str, Any], requests: int
) -> Iterator[Grown]:
    library = after["library"]
    was = {key: sum(each["count"] for each in groups) for key, groups in _grouped(before, resource).items()}
    for key, groups in _grouped(after, resource).items():
        held = sum(each["count"] for each in groups)
        count = held - was.get(key, 0)
        if count > 0:
            largest = max(groups, key=lambda each: int(each["count"]))
            frames = _applications(largest["stack"], library)
            yield Grown(
                resource, count, held, key[1], tuple(frames[:_FRAMES]), "", _kind(largest, library), _pool(largest),
                count / max(requests, 1),
            )  # fmt: skip


def _grouped(census: Mapping[str, Any], resource: str) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Groups of one kind from one place: two library stacks may lead to the same line of the application."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for group in census[resource]:
        frames = _applications(group["stack"], census["library"]) or _shown(group["stack"])
        found.setdefault((group["kind"], frames[0] if frames else ""), []).append(group)
    return found


def _shown(stack: Sequence[str]) -> list[str]:
    return [frame for frame in stack if not frame.startswith("<")]


def _applications(stack: Sequence[str], library: Sequence[str]) -> list[str]:
    """Frames neither of the standard library, nor of an installed package, nor frozen."""
    return [
        frame
        for frame in _shown(stack)
        if not frame.startswith(tuple(library)) and not any(part in frame for part in _PACKAGES)
    ]


def _kind(group: Mapping[str, Any], library: Sequence[str]) -> str:
    kind = str(group["kind"])
    if group.get("what"):
        kind += f", such as {group['what']}"
    if group.get("others"):
        kind += f"; also opened by that name at {group['others']} other place{'s' * (group['others'] > 1)}"
    if current := _applications(group.get("current", ()), library) or _shown(group.get("current", ())):
        kind += f", now at {current[0]}"
    return kind


def _pool(group: Mapping[str, Any]) -> str:
    most = group.get("most")
    return f"may be bounded: {group['pool']} hands out at most {most} in each process" if most else ""


def _entries(before: Mapping[str, Any], after: Mapping[str, Any], requests: int) -> Iterator[Grown]:
    for each in after["containers"]:
        was = each["was"].get(str(before["counter"]))
        count = 0 if was is None else each["length"] - was
        if count > 0:
            places = each["writers"]
            yield Grown(
                "entries", count, each["length"], places[0] if places else "", tuple(places[:_FRAMES]), each["holder"],
                each["type"], _bound(each), count / max(requests, 1),
            )  # fmt: skip


def _bound(each: Mapping[str, Any]) -> str:
    if each["most"]:
        return f"may be bounded: at most {each['most']} entries in each process"
    if each["ordered"] and each["takers"]:
        return f"may be bounded: entries are taken out at {each['takers'][0]}"
    return ""
