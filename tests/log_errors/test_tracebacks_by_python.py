"""An oracle: tracebacks that Python formats here, of calls whose deepest frame of the application is known."""

from __future__ import annotations

import traceback
from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log_errors.reading_logs import groups_in, only

APPLICATION, LIBRARY = "/srv/app/{}.py", "/venv/lib/python3.11/site-packages/{}.py"
NAMES = st.text(st.characters(categories=["Ll"], max_codepoint=127), min_size=2, max_size=8).map(
    lambda name: f"f_{name}"
)
MESSAGES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)
FRAMES = st.lists(st.tuples(NAMES, st.booleans(), st.integers(1, 400)), min_size=1, max_size=12)


class Failed(Exception):
    """What the functions raise."""


def call(frames: list[tuple[str, bool, int]], raises: BaseException) -> BaseException:
    """Raise through these functions, outermost first, each in a file and at a line of its own."""

    def deepest() -> None:
        raise raises

    inner: Any = deepest
    for at, (name, ours, line) in reversed(list(enumerate(frames))):
        file = (APPLICATION if ours else LIBRARY).format(f"{name}{at}")
        source = "\n" * (line - 1) + f"def {name}(): inner()"
        space: dict[str, Any] = {"inner": inner}
        exec(compile(source, file, "exec"), space)
        inner = space[name]
    try:
        inner()
    except BaseException as error:
        kept = error.__traceback__
        assert kept is not None
        # without the frame of this function, and the one that raises, which are the test's
        error.__traceback__ = _cut(kept.tb_next, len(frames))
        return error
    raise AssertionError("it raises")


def _cut(tb: Any, length: int) -> Any:
    first = tb
    for _ in range(length - 1):
        tb = tb.tb_next
    tb.tb_next = None
    return first


def place(frames: list[tuple[str, bool, int]]) -> str:
    """The deepest frame of the application; the deepest of all without one."""
    listed = list(enumerate(frames))
    at, (name, ours, line) = next((each for each in reversed(listed) if each[1][1]), listed[-1])
    return f"{(APPLICATION if ours else LIBRARY).format(f'{name}{at}')}:{line} in {name}"


def has_own(frames: list[tuple[str, bool, int]]) -> bool:
    return any(ours for _, ours, _ in frames)


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@settings(max_examples=100)
@given(FRAMES, MESSAGES)
def test_the_place_is_the_deepest_frame_of_the_application(
    frames: list[tuple[str, bool, int]], message: str
) -> None:
    group = only(printed(call(frames, Failed(message))))
    assert group.stack.exception.endswith(".Failed")
    assert str(group.stack.frame) == place(frames)


@settings(max_examples=50)
@given(st.lists(FRAMES, min_size=2, max_size=4), st.booleans())
def test_the_first_of_a_chain_decides(chain: list[list[tuple[str, bool, int]]], direct: bool) -> None:
    errors = [call(frames, KeyError(at) if at == 0 else Failed(at)) for at, frames in enumerate(chain)]
    for before, error in pairwise(errors):
        if direct:
            error.__cause__ = before
        else:
            error.__context__ = before
    stack = only(printed(errors[-1])).stack
    assert stack.exception == "KeyError" and stack.raised.endswith(".Failed")
    own = next((frames for frames in chain if any(ours for _, ours, _ in frames)), chain[0])
    assert str(stack.frame) == place(own)


@settings(max_examples=50)
@given(FRAMES, st.lists(FRAMES, min_size=1, max_size=4), st.integers(0, 3))
def test_every_member_of_a_group_is_an_error_of_its_own(
    outer: list[tuple[str, bool, int]], members: list[list[tuple[str, bool, int]]], depth: int
) -> None:
    errors = [call(frames, Failed(at) if at else KeyError(at)) for at, frames in enumerate(members)]
    group = BaseExceptionGroup("several", errors)
    for _ in range(depth):
        group = BaseExceptionGroup("around", [group, ValueError("beside")])
    groups = groups_in(printed(call(outer, group)))
    found = Counter[tuple[str, str]]()
    for each in groups:
        found[each.stack.exception.rpartition(".")[2], str(each.stack.frame)] += each.count
    expected = Counter({("ValueError", place(outer)): depth})
    for at, frames in enumerate(members):
        deciding = frames if has_own(frames) or not has_own(outer) else outer
        expected["Failed" if at else "KeyError", place(deciding)] += 1
    assert found == +expected
    assert {each.stack.raised for each in groups} == {"ExceptionGroup"}
