"""Whatever a file holds, it is read to its end, within bounds, and no line takes long."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.log_errors import scan
from chaos.log_errors.groups import MOST_GROUPS
from chaos.log_errors.reading import Reader
from tests.log_errors.reading_logs import SAMPLES, errors_in, only, prints, sample

NAMES = sorted(path.stem for path in SAMPLES.glob("*.txt"))
PIECES = st.sampled_from(
    [
        b"Traceback (most recent call last):\n", b'  File "x.py", line 3, in f\n', b"\tat a.b.C.d(E.java:3)\n",
        b"    at f (/x.js:1:2)\n", b"Caused by: ", b"panic: ", b"goroutine 1 [running]:\n", b"ERROR ", b'{"log":"',
        b'{"level":"error","exc_info":"', b"2026-11-27T00:00:00Z stderr P ", b"  + Exception Group Traceback",
        b"  +-+---------------- 1 ----------------\n", b"  | ", b"\n", b"\r\n", b"\x00", b"\xff\xfe", b"\x1b[31m",
        b"ValueError: x\n", b"SyntaxError: x\n", b"#011at x", b"FATAL:  x", b"}", b'"', b"\\n", b"e" * 300,
    ]
)  # fmt: skip
ODD = st.lists(PIECES | st.binary(max_size=30), max_size=60).map(b"".join)


@settings(max_examples=300)
@given(ODD, st.integers(1, 50))
def test_odd_bytes_never_raise_and_how_they_are_cut_changes_nothing(content: bytes, size: int) -> None:
    whole = errors_in(content)
    parts = errors_in([content[at : at + size] for at in range(0, len(content), size)])
    assert whole.bytes == parts.bytes == len(content)
    assert [(each.stack, each.count) for each in whole.groups] == [
        (each.stack, each.count) for each in parts.groups
    ]


@settings(max_examples=100)
@given(st.sampled_from(NAMES), st.data())
def test_a_stack_cut_anywhere_never_raises(name: str, data: st.DataObject) -> None:
    text = sample(name).encode()
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    assert errors_in(text[begin:end]).bytes == end - begin


def test_a_stack_without_its_end_is_an_error_that_says_so() -> None:
    text = sample("python_noted").splitlines()[:3]
    group = only("\n".join(text))
    assert group.stack.exception == "(cut off)"
    assert str(group.stack.frame) == "/srv/app/chained.py:66 in <module>"


def test_thousands_of_kinds_of_errors_take_little_memory() -> None:
    def parts() -> list[bytes]:
        return [
            b"".join(
                b'Traceback (most recent call last):\n  File "/srv/app/f%d.py", line 1, in f\nValueError: %d\n'
                % (n, n)
                for n in range(first, first + 500)
            )
            for first in range(0, 2000, 500)
        ]

    content = parts()
    reader = Reader()
    tracemalloc.start()
    reader.read(iter(content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    errors = reader.errors()
    assert (len(errors.groups), errors.count) == (MOST_GROUPS, 2000)
    assert peak < 8_000_000


def test_a_line_without_end_is_read_in_pieces() -> None:
    reader = Reader()
    reader.read(b"x" * 1_000_000 for _ in range(3 * scan.CHUNK // 1_000_000))
    assert reader.errors().count == 0


SLOW = {
    "spaces before at": b" " * 16_000 + b"at x",
    "dots": b"a." * 8_000 + b" Error",
    "words": b"\tat " + b"a" * 16_000,
    "parentheses": b"panic: x\ngoroutine 1 [running]:\n" + b"(" * 16_000,
    "stars": b"panic: x\ngoroutine 1 [running]:\n" + b"(*a)." * 3_000,
    "goroutines": b"goroutine 1 " + b"a " * 8_000,
    "colons": b"    at f (" + b":1" * 8_000 + b")",
    "margins": b"  + Exception Group Traceback (most recent call last):\n" + b"  |" * 6_000,
    "rules": b"  + Exception Group Traceback (most recent call last):\n  +" + b"-" * 16_000 + b"x",
    "quotes": b'ERROR:  ' + b'"' * 16_000,
    "names": b"Traceback (most recent call last):\n" + b"a" * 16_000,
    "dotted names": b"Traceback (most recent call last):\n" + b"a." * 8_000 + b"!",
    "locals": b"Traceback (most recent call last):\n" + b"f.<locals>." * 1_500 + b"!",
    "digits": b"ERROR app: " + b"1." * 8_000,
    "hexadecimal": b"ERROR app: " + b"abcdef" * 2_500 + b"g",
    "traceback": b"Traceback " * 1_600 + b"Traceback (most recent call last):",
    "levels": b"ERROR=" * 2_700,
    "nested json": b'{"level":"error","a":' + b"[" * 5_000,
    "objects": b'{"level":"error","a":' + b'{"a":' * 5_000,
    "json keys": b'{"level" ' + b" " * 16_000 + b'"ERROR',
    "instants": b"ERROR " + b"2026-11-27 " * 1_400,
    "brackets": b"[" * 16_000 + b"ERROR]",
    "tabs": b"\t" * 16_000 + b"\tat x.y(z)",
    "generated": b"com.example.A: x\n\tat " + b"a$" * 8_000 + b".b(C.java:1)",
}  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", SLOW)
def test_no_line_makes_a_pattern_backtrack(name: str) -> None:
    """One that does takes minutes, all others together milliseconds."""
    content = SLOW[name] + b"\n" + SLOW[name] + b"\n"
    assert errors_in(content).bytes == len(content)


def test_a_deep_json_entry_is_none_or_an_error_but_no_crash() -> None:
    deep = json.loads('{"level":"error","msg":"x"}')
    for _ in range(200):
        deep = {"level": "error", "inner": deep}
    assert only(json.dumps(deep)).stack.exception == "ERROR"


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("second", NAMES)
def test_a_stack_right_after_another_is_an_error_of_its_own(first: str, second: str) -> None:
    apart = Counter(prints(sample(first))) + Counter(prints(sample(second)))
    assert prints(sample(first) + sample(second)) == apart


def test_groups_may_be_nested_deeper_than_functions_can() -> None:
    lines = []
    for level in range(1_200):
        margin = "  " * level
        lines += [
            f"{margin}  + Exception Group Traceback (most recent call last):"
            if not level
            else f"{margin}  | Exception Group Traceback (most recent call last):",
            f'{margin}  |   File "/srv/app/a.py", line {level + 1}, in f',
            f"{margin}  | ExceptionGroup: several (1 sub-exception)",
            f"{margin}  +-+---------------- 1 ----------------",
        ]
    inner = "  " * 1_200
    lines += [f"{inner}  | KeyError: 1", f"{inner}  +------------------------------------"]
    group = only("\n".join(lines) + "\n")
    assert (group.stack.exception, str(group.stack.frame)) == ("KeyError", "/srv/app/a.py:1200 in f")
