"""Containers that grew: their lengths by identity, compared with those of earlier censuses, then named."""

from __future__ import annotations

import gc
from array import array
from collections import OrderedDict, defaultdict, deque
from functools import lru_cache
from types import FunctionType
from typing import Any, Callable, Iterable

from . import places, writers
from .holders import Holder, Walk, attributes

_BASES = (dict, list, set, deque)  # subclasses count, too
_CACHED = type(lru_cache(None)(len))
_KEPT = 13  # earlier censuses: the first and the latest; a route has at most ten rounds, and a look before and after
_GREW, _LARGE = 150, 30  # in a document
_TRIED = 10  # times as many as that: most are entries of others
_LARGE_FROM = 1000  # entries
_BOUNDS = ("maxsize", "_maxsize", "max_size", "maxlen", "capacity", "_Cache__maxsize")  # the last: cachetools


# Of each census: counter, ids, lengths, and whether the walk was whole. Packed: what the collector tracks would be
# counted as an object of the application.
_earlier: list[tuple[int, bytes, bytes, bool]] = []


def forget() -> None:
    """Forked: what the parent counted is none of this process's past."""
    del _earlier[:]


class Containers:
    """Of one census: those that a module's global leads to. Nothing else outlives the requests by itself."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        objects = list(walk.objects.values())
        lengths = _lengths(set(map(type, objects)))
        self._found = {id(each): lengths[type(each)](each) for each in objects if type(each) in lengths}
        self._caches = {id(each): each for each in objects if type(each) is _CACHED}
        for each in self._caches.values():
            for child in gc.get_referents(each):
                self._found.pop(id(child), None)
            self._found[id(each)] = each.cache_info().currsize

    def listed(self, counter: int, functions: Iterable[Any]) -> list[dict[str, Any]]:
        """Those that grew since an earlier census, and large ones, with holder and writers."""
        before = [(number, _unpacked(ids, lengths), whole) for number, ids, lengths, whole in _earlier]
        chosen = self._chosen([lengths for _, lengths, _ in before])
        self._keep(counter)
        mine = writers.of_the_application(functions)
        return [
            {
                **self._entry(ident, holder, mine),
                "was": {
                    str(number): lengths.get(ident, 0)
                    for number, lengths, whole in before
                    if whole or ident in lengths  # else it may have been there, and not been met
                },
            }
            for ident, holder in chosen
        ]

    def _chosen(self, before: list[dict[int, int]]) -> list[tuple[int, Holder]]:
        ends = [before[0], before[-1]] if before else []
        grown = {
            ident: max((length - lengths.get(ident, 0) for lengths in ends), default=0)
            for ident, length in self._found.items()
        }
        grown = {ident: count for ident, count in grown.items() if count > 0}
        large = [ident for ident, length in self._found.items() if length >= _LARGE_FROM]
        names = self._named(sorted(grown, key=lambda ident: -grown[ident]), _GREW)
        names.update(self._named(sorted(large, key=lambda ident: -self._found[ident]), _LARGE))
        # A new container within another is an entry of it, and the other one is what grew.
        old = set(ends[0]).intersection(ends[-1]) if ends else set()
        kept = [(ident, holder) for ident, holder in names.items() if ident in old or not holder.through]
        return kept[: _GREW + _LARGE]

    def _named(self, idents: list[int], most: int) -> dict[int, Holder]:
        holders = ((ident, self._walk.holder(ident)) for ident in idents[: _TRIED * most])
        return {ident: holder for ident, holder in holders if holder is not None}

    def _entry(self, ident: int, holder: Holder, functions: list[Any]) -> dict[str, Any]:
        thing = self._walk.objects[ident]
        put, take = writers.of(holder, functions, on_read=_reads(type(thing)))
        if ident in self._caches:
            put, take = [_begins(thing)], []
        return {
            "id": ident,
            "type": type(thing).__name__ if ident not in self._caches else "lru_cache",
            "length": self._found[ident],
            "holder": holder.name,
            "writers": put,
            "takers": take,
            "most": _most(thing, holder),
            "ordered": issubclass(type(thing), OrderedDict),
        }

    def _keep(self, counter: int) -> None:
        ids, lengths = (
            array("Q", self._found),
            array("I", (min(length, 2**32 - 1) for length in self._found.values())),
        )
        _earlier.append((counter, ids.tobytes(), lengths.tobytes(), self._walk.whole))
        if counter == 1:
            del _earlier[:-1]  # the one that was thrown away
        if len(_earlier) > _KEPT:
            del _earlier[1]


def _unpacked(ids: bytes, lengths: bytes) -> dict[int, int]:
    return dict(zip(memoryview(ids).cast("Q"), memoryview(lengths).cast("I")))


def _lengths(kinds: Iterable[type]) -> dict[type, Callable[[Any], int]]:
    """How to measure each kind of container without running code of the application."""
    found: dict[type, Callable[[Any], int]] = {}
    for kind in {*kinds, *_BASES}:
        for base in _BASES:
            if issubclass(kind, base):
                found[kind] = base.__len__
    return found


def _begins(cached: Any) -> str:
    code = getattr(getattr(cached, "__wrapped__", None), "__code__", None)
    return places.place(code, code.co_firstlineno) if code is not None else ""


def _reads(kind: type) -> bool:
    return issubclass(kind, defaultdict)


def _most(thing: Any, holder: Holder) -> int | None:
    """The bound that the container or its owner states."""
    if type(thing) is _CACHED:
        return _number(thing.cache_info().maxsize)
    if issubclass(type(thing), deque) and deque.maxlen.__get__(thing) is not None:
        return _number(deque.maxlen.__get__(thing))
    stated = dict(attributes(holder.owner)) if holder.owner is not None else {}
    return next((found for found in map(_number, map(stated.get, _BOUNDS)) if found), None)


def _number(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def functions_of(objects: Iterable[Any]) -> list[Any]:
    return [each for each in objects if type(each) is FunctionType]
