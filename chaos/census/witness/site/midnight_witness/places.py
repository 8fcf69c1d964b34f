"""Stacks without text: code objects and offsets of instructions, each distinct stack kept once."""

from __future__ import annotations

import dis
import os
import sys
from types import CodeType, FrameType
from typing import Any, Iterator, Tuple

FRAMES = 30
_STACKS = 1000  # distinct ones; the oldest is dropped first

Stack = Tuple[Tuple[CodeType, int], ...]  # innermost first: code, offset of the instruction

_known: dict[tuple[int, ...], Stack] = {}
_HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = (
    os.path.dirname(os.path.abspath(os.__file__)) + os.sep,
    os.path.join(sys.prefix, "bin") + os.sep,
    os.path.dirname(_HERE) + os.sep,
)


_of_path: dict[tuple[str, ...], tuple[str, ...]] = {}


def library() -> tuple[str, ...]:
    """Where the standard library and installed packages are, `pip install --target` included."""
    known = tuple(map(str, sys.path))
    if known not in _of_path:
        _of_path.clear()
        _of_path[known] = LIBRARY + tuple(
            os.path.abspath(each) + os.sep for each in known if _has_packages(each)
        )
    return _of_path[known]


def _has_packages(folder: str) -> bool:
    """Not of the application's own folder, even if packages are installed into it."""
    main = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    own = {os.getcwd(), os.path.dirname(os.path.abspath(main))}
    try:
        return os.path.abspath(folder) not in own and any(
            name.endswith(".dist-info") for name in os.listdir(folder)
        )
    except OSError:
        return False


def stack_of(frame: FrameType | None) -> Stack:
    """The stack that ends in this frame. Runs at each file and connection that the application opens."""
    key: list[int] = []
    add, at = key.append, frame
    while at is not None and len(key) < 2 * FRAMES:
        add(id(at.f_code))  # a code object's own hash is that of its constants, and slow
        add(at.f_lasti)
        at = at.f_back
    numbers = tuple(key)
    known = _known.get(numbers)
    return known if known is not None else _keep(numbers, frame)


def _keep(numbers: tuple[int, ...], frame: FrameType | None) -> Stack:
    found: list[tuple[CodeType, int]] = []
    for offset in numbers[1::2]:
        if frame is not None:
            found.append((frame.f_code, offset))
            frame = frame.f_back
    if len(_known) >= _STACKS:
        _known.pop(next(iter(_known)), None)
    return _known.setdefault(numbers, tuple(found))


def lines_of(stack: Stack) -> list[str]:
    """Each frame as `file:line in function`, innermost first."""
    return [place(code, _line(code, offset)) for code, offset in stack]


def place(code: CodeType, line: int) -> str:
    return f"{code.co_filename}:{line} in {code.co_name}"


def _line(code: CodeType, offset: int) -> int:
    line = code.co_firstlineno
    for start, number in dis.findlinestarts(code):
        if start > offset:
            break
        line = number or line
    return line


def standing(frame: Any) -> list[str]:
    """The lines that a frame and its callers are at now. Also of gevent's copies of frames."""
    return list(_standing(frame))


def _standing(frame: Any) -> Iterator[str]:
    for _ in range(FRAMES):
        if frame is None:
            return
        yield place(frame.f_code, frame.f_lineno or 0)
        frame = frame.f_back


def is_application(path: str) -> bool:
    """Neither standard library nor installed package, and written in a file."""
    return not (
        path.startswith(library())
        or path.startswith("<")
        or "/site-packages/" in path
        or "/dist-packages/" in path
    )
