"""Who holds what: a walk from the globals of modules, which finds what the collector does not track, too.

No attribute of an object of the application is read in a way that runs its code, or that gives it a `__dict__` which it
did not have. A LocalProxy is not woken: types come from `type`, never from `isinstance`.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import Any, Callable, Iterable, Iterator

from . import places

_DEPTH = 7
_MOST = 100_000  # objects on one walk
_ENTRIES = 2000  # keys and values that are looked at in one container; globals of a module, too
_TURN = 1000  # objects between two rests
_SHOWN = 40  # characters of a key

_LEAVES = frozenset((
    str, bytes, int, float, complex, bool, type(None), types.CodeType, types.FrameType, types.ModuleType,
    types.BuiltinFunctionType, types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.TracebackType,
))  # fmt: skip
_CELL = types.CellType


class _Any:
    def __str__(self) -> str:
        return "..."


ANY = _Any()
_ROWS = (list, tuple, set, frozenset)


class Walk:
    """Objects reachable from modules' globals, by id, each with the one that led to it: the shortest way wins."""

    def __init__(self, rest: Callable[[], None]) -> None:
        self.objects: dict[int, Any] = {}
        self._from: dict[int, int] = {}
        self._names: dict[int, str] = {}  # of modules, by their globals
        self._types: dict[type, bool] = {}  # whether its instances are classes
        self._rest = rest
        self.whole = True  # false: there was more than one walk takes

    def run(self, own: Callable[[str], bool]) -> None:
        """From the application's modules first; then, less deep, from all others."""
        self._from = {id(vars(module)): 0 for _, module in _modules()}  # functions lead to their module's
        modules = [(name, vars(module)) for name, module in _modules() if not own(name)]
        self._names = {id(found): name for name, found in modules}
        mine = [found for _, found in modules if _is_application(found)]
        self._through(mine, _DEPTH)
        self._through([found for _, found in modules if not _is_application(found)], 2)

    def _through(self, level: list[Any], depth: int) -> None:
        for _ in range(depth):
            below: list[Any] = []
            for parent in level:
                self._into(parent, below)
            level = below

    def _into(self, parent: Any, below: list[Any]) -> None:
        # Of a large container the first entries will do: else one list of rows would be all that a walk sees.
        for child in gc.get_referents(parent)[:_ENTRIES]:
            ident, kind = id(child), type(child)
            if kind in _LEAVES or ident in self._from:
                continue
            if len(self.objects) >= _MOST:
                self.whole = False
                return
            self._from[ident], self.objects[ident] = id(parent), child
            if not len(self.objects) % _TURN:
                self._rest()
            if self._opens(child, kind):
                below.append(child)

    def _opens(self, child: Any, kind: type) -> bool:
        """Of classes, only the application's are looked into."""
        is_type = self._types.get(kind)
        if is_type is None:
            is_type = self._types[kind] = _is(kind, type)
        return not is_type or _is_application(_dict_of(child))

    def way(self, ident: int) -> list[Any]:
        """From a module's globals to the object; empty if the walk did not meet it."""
        found: list[Any] = []
        while ident in self.objects:
            found.append(self.objects[ident])
            ident = self._from[ident]
        name = self._names.get(ident)
        return [vars(sys.modules[name]), *reversed(found)] if name in sys.modules and found else []

    def holder(self, ident: int) -> Holder | None:
        way = self.way(ident)
        return Holder(self._names[id(way[0])], way) if way and id(way[0]) in self._names else None


class Holder:
    """`name` as in code, such as `app.CACHE._kept`; `last`: the last attribute or global in it."""

    def __init__(self, module: str, way: list[Any]) -> None:
        self.module, self.name, self.last = module, module, ""
        self.key: Any = None  # if the name ends with one; ANY: not a text or a number, or a place in a list
        self.through: set[int] = set()  # ids of the containers of which it is, or is below, an entry
        self.owner: Any = None  # the object or class whose attribute it is
        for index in range(1, len(way)):
            self._add(way, index)

    def _add(self, way: list[Any], index: int) -> None:
        before, parent, child = way[index - 2] if index > 1 else None, way[index - 1], way[index]
        if index == 1:
            self._named(_key(parent, child), None)
        elif _is(type(parent), dict):
            key = _key(parent, child)
            if _has_attributes(before) and _attribute(before, parent) is None:
                self._named(key, before)
            else:
                self._entry(parent, key)
        elif _is(type(parent), *_ROWS) or type(parent).__name__ == "deque":
            if type(before) is not types.FunctionType:
                self._entry(parent, ANY)
        elif type(parent) is _CELL:
            self._of_closure(way[:index])
        elif _has_attributes(parent) and not _is_type(parent) and _attribute(parent, child) is not None:
            self._named(_attribute(parent, child) or "", parent)

    def _entry(self, parent: Any, key: Any) -> None:
        self.last = self.last if self.key is None else ""  # of an entry of an entry, no line is found
        self.key = key
        self.through.add(id(parent))
        self.name += f'["{key[:_SHOWN]}"]' if type(key) is str else f"[{key}]"

    def _named(self, name: str, owner: Any) -> None:
        self.name += f".{name}"
        self.last, self.owner, self.key = name, owner, None

    def _of_closure(self, way: list[Any]) -> None:
        for function in reversed(way):
            if type(function) is types.FunctionType:
                for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
                    if cell is way[-1]:
                        self._named(name, None)
                return


def _modules() -> list[tuple[str, types.ModuleType]]:
    return [(name, each) for name, each in list(sys.modules.items()) if type(each) is types.ModuleType]


def _is_application(namespace: Any) -> bool:
    """The globals of a module or of a class of the application."""
    name = namespace.get("__module__")
    found = sys.modules.get(name) if type(name) is str else None
    path = (vars(found) if type(found) is types.ModuleType else namespace).get("__file__")
    return type(path) is str and places.is_application(path)


def _is(kind: type, *bases: type) -> bool:
    order = _order(kind)
    return any(base in order for base in bases)


def _order(kind: type) -> tuple[type, ...]:
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found or ()  # None: of C, and not used yet


def _is_type(thing: Any) -> bool:
    return _is(type(thing), type)


def _dict_of(kind: type) -> Any:
    """The namespace of a class, whatever its metaclass does with `__dict__`."""
    return type.__dict__["__dict__"].__get__(kind) or {}


def _has_attributes(thing: Any) -> bool:
    return thing is not None and not _is(type(thing), dict, *_ROWS) and type(thing) is not types.FunctionType


def kinds_of(owner: Any) -> tuple[type, ...]:
    """The classes of an owner, nearest first."""
    return _order(owner if _is_type(owner) else type(owner))


def _key(parent: Any, child: Any) -> Any:
    for key, value in list(dict.items(parent)):
        if value is child:
            return key if type(key) in (str, int) else ANY
    return ANY


def _attribute(thing: Any, value: Any) -> str | None:
    """The name under which the object has this value, found without running its code."""
    return next((name for name, found in attributes(thing) if found is value), None)


def attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Attributes of an instance that its class's methods name, or its slots."""
    if _is_type(thing):
        return
    spaces = [_dict_of(kind) for kind in kinds_of(thing)]
    for name in _named_in(spaces):
        described = next((space[name] for space in spaces if name in space), None)
        if type(described) is types.MemberDescriptorType or not hasattr(type(described), "__get__"):
            try:
                yield name, object.__getattribute__(thing, name)
            except (AttributeError, TypeError):
                continue


def _named_in(spaces: Iterable[Any]) -> set[str]:
    names: set[str] = set()
    for space in spaces:
        for name, found in list(space.items()):
            if type(found) is types.MemberDescriptorType:
                names.add(name)
            elif type(found) is types.FunctionType:
                names.update(found.__code__.co_names)
    return names
