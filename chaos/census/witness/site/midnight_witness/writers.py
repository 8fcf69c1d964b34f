"""The lines that put things into a container, and those that take them out, read from the bytecode of functions."""

from __future__ import annotations

import dis
import types
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from . import places
from .holders import ANY, Holder, kinds_of

PUT = {
    "append",
    "appendleft",
    "add",
    "setdefault",
    "update",
    "extend",
    "insert",
    "__setitem__",
    "push",
    "put",
}
TAKE = {"pop", "popitem", "popleft", "clear", "remove", "discard", "__delitem__"}
_MOST = 5
_CALLS = ("LOAD_METHOD", "LOAD_ATTR")

# Left out, and with them the NULL below a function: a call then takes what it calls and its arguments, for one value.
_NOTHING = {"CACHE", "EXTENDED_ARG", "PUSH_NULL", "PRECALL", "NOP", "RESUME", "COPY_FREE_VARS", "NOT_TAKEN"}
_EFFECTS: dict[str, Callable[[int], int]] = {
    "LOAD_GLOBAL": lambda _: 1,
    "LOAD_METHOD": lambda _: 0,
    "LOAD_ATTR": lambda _: 0,
    "CALL": lambda count: -count,
    "CALL_METHOD": lambda count: -count,
    "CALL_KW": lambda count: -count - 1,
    "CALL_FUNCTION_EX": lambda flags: -1 - (flags & 1),
}


def of(holder: Holder, functions: Iterable[Any], on_read: bool = False) -> tuple[list[str], list[str]]:
    """Places that put in, and places that take out. `on_read`: reading a key puts it in, too."""
    put: dict[str, None] = {}
    take: dict[str, None] = {}
    codes = [code for function in _related(holder, functions) for code in _with_nested(function.__code__)]
    for code in codes if holder.last else ():
        for puts, line in _accesses(code, holder, on_read):
            (put if puts else take)[places.place(code, line)] = None
    if holder.last and not put:
        put = {places.place(code, line): None for code in codes for line in _roughly(code, holder)}
    return list(put)[:_MOST], list(take)[:_MOST]


def of_the_application(functions: Iterable[Any]) -> list[Any]:
    return [each for each in functions if places.is_application(each.__code__.co_filename)]


def _related(holder: Holder, functions: Iterable[Any]) -> list[Any]:
    """Those that mean this container by that name: methods of its owner, if there are any, else all that use it."""
    users = [each for each in functions if _uses(each.__code__, holder.last)]
    if holder.owner is None:
        return users
    kinds = {kind.__name__ for kind in kinds_of(holder.owner)} - {"object"}
    mine = [each for each in users if each.__qualname__.rpartition(".")[0].rpartition(".")[2] in kinds]
    return mine or users


def _uses(code: types.CodeType, name: str) -> bool:
    return any(
        name in each.co_names or name in each.co_freevars + each.co_cellvars for each in _with_nested(code)
    )


def _with_nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield from _with_nested(constant)


class _At(NamedTuple):
    """An instruction and its line."""

    line: int
    name: str
    of: Any
    effect: int


def _instructions(code: types.CodeType) -> list[_At]:
    starts = {offset: number for offset, number in dis.findlinestarts(code) if number}
    line, found = code.co_firstlineno, []
    for each in dis.get_instructions(code):
        line = starts.get(each.offset, line)
        if each.opname not in _NOTHING:
            found.append(_At(line, each.opname, each.argval, _effect(each)))
    return found


def _effect(each: dis.Instruction) -> int:
    if each.opname in _EFFECTS:
        return _EFFECTS[each.opname](each.arg or 0)
    try:
        return dis.stack_effect(each.opcode, each.arg, jump=False)
    except ValueError:
        return 0


def _accesses(code: types.CodeType, holder: Holder, on_read: bool) -> Iterator[tuple[bool, int]]:
    """(puts in, line) of each access to the container."""
    found = _instructions(code)
    for index, each in enumerate(found):
        if each.name in ("STORE_SUBSCR", "DELETE_SUBSCR") or (on_read and each.name == "BINARY_SUBSCR"):
            source = _container(found, index)
            if source >= 0 and _means(found, source, holder):
                yield each.name != "DELETE_SUBSCR", found[source].line
        elif each.name in _CALLS and each.of in PUT | TAKE and index and _means(found, index - 1, holder):
            yield each.of in PUT, found[index - 1].line


def _roughly(code: types.CodeType, holder: Holder) -> list[int]:
    """Lines that use the name, and its key, and put something into whatever it is: `D.setdefault("k", {})[1] = 2`."""
    lines: dict[int, list[_At]] = {}
    for each in _instructions(code):
        lines.setdefault(each.line, []).append(each)
    wanted = [holder.last] if holder.key in (None, ANY) else [holder.last, holder.key]
    return [
        line
        for line, found in lines.items()
        if all(any(each.of == name for each in found) for name in wanted)
        and any(each.name == "STORE_SUBSCR" or (each.name in _CALLS and each.of in PUT) for each in found)
    ]


def _container(found: list[_At], index: int) -> int:
    """The instruction that pushed what the one at `index` acts on, just before its key; -1: not told."""
    wanted = 1
    for at in range(index - 1, 0, -1):
        wanted -= found[at].effect
        if wanted <= 0:
            return at - 1 if wanted == 0 else -1
    return -1


def _means(found: list[_At], index: int, holder: Holder) -> bool:
    """The value that this instruction leaves is the container."""
    if holder.key is not None and found[index].name.startswith("BINARY"):
        known = holder.key is ANY or found[index - 1].of == holder.key
        index = _container(found, index)
        return known and index >= 0 and _named(found[index], holder)
    return holder.key is None and _named(found[index], holder)


def _named(each: _At, holder: Holder) -> bool:
    return each.name.startswith("LOAD") and each.of == holder.last
