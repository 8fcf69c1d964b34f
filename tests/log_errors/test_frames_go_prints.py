"""Frames that a Go program prints without a panic: of zap and pkg/errors, and of gin's Recovery."""

from __future__ import annotations

import json

import pytest

from chaos.log_errors.go import PLACE, RECOVERED, Printed, Recovered
from chaos.log_errors.stack import Machine, Taken
from tests.log_errors.reading_logs import only

ZAP = '2026-11-27T00:00:01.500Z\tERROR\tapp/main.go:21\tfailed\t{"error": "dial tcp: refused"}'
FRAMES = (
    "main.load\n\t/srv/app/dao.go:44\nmain.(*Store).run\n\t/srv/app/main.go:21\n"
    "runtime.main\n\t/usr/local/go/src/runtime/proc.go:271"
).splitlines()
GIN = """\
/usr/local/go/src/runtime/panic.go:88 (0x43a1f4)
\tgoPanicIndex: panic(boundsError{x: int64(x), signed: true, y: y, code: boundsIndex})
/srv/app/main.go:12 (0x7c1d2f)
\tmain.func1: rows[5]
/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 (0x7b)
\t(*Context).Next: c.handlers[c.index](c)
""".splitlines()


def taken(machine: Machine, lines: list[str]) -> list[Taken]:
    return [machine.take(line) for line in lines]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (ZAP, "failed: dial tcp: refused"),
        (ZAP.replace('"error"', '"row"'), "failed"),
        ("2026/11/27 00:00:01 failed: boom", "failed: boom"),
        ("boom", "boom"),
    ],
)
def test_frames_below_an_entry_are_an_error_with_its_message(entry: str, message: str) -> None:
    machine = Printed([FRAMES[0], entry])
    assert set(taken(machine, FRAMES[1:])) == {Taken.YES}
    (stack,) = machine.stacks()
    assert (stack.language, stack.exception, stack.message) == ("go", "error", message)
    assert list(map(str, stack.frames)) == [
        "/srv/app/dao.go:44 in main.load",
        "/srv/app/main.go:21 in main.(*Store).run",
    ]


def test_the_next_entry_ends_the_frames() -> None:
    machine = Printed([FRAMES[0], ZAP])
    assert taken(machine, [*FRAMES[1:], ZAP])[-1] is Taken.OVER


def test_the_first_of_wrapped_errors_is_the_root_cause() -> None:
    library = [
        "github.com/jackc/pgx/v5.(*Conn).Exec",
        "\t/go/pkg/mod/github.com/jackc/pgx/v5@v5.5.0/conn.go:7",
    ]
    machine = Printed([library[0], "refused"])
    taken(machine, [library[1], "cannot load", *FRAMES])
    (stack,) = machine.stacks()
    assert (stack.message, str(stack.frame), stack.raised) == (
        "refused",
        "/srv/app/dao.go:44 in main.load",
        "",
    )


def test_a_place_without_a_function_before_it_is_no_frame() -> None:
    for before in ([], ["rows of table one:"], ["2026/11/27 00:00:01 main.load"]):
        machine = Printed(before)
        assert taken(machine, FRAMES[1:2]) == [Taken.NO]
        assert machine.stacks() == []


@pytest.mark.parametrize(
    ("text", "exception"), [("boom", "panic"), ("runtime error: index out of range", "runtime error")]
)
def test_a_panic_that_gin_has_recovered_is_at_its_deepest_frame_of_the_application(
    text: str, exception: str
) -> None:
    machine = Recovered(text)
    assert set(taken(machine, GIN)) == {Taken.YES}
    (stack,) = machine.stacks()
    assert (stack.exception, str(stack.frame)) == (exception, "/srv/app/main.go:12 in main.func1")
    assert machine.take("[GIN] 2026/11/27 - 00:00:01 | 500") is Taken.NO
    assert machine.take("2026/11/27 00:00:02 served") is Taken.OVER


def test_lines_of_other_stacks_are_no_places() -> None:
    for line in (
        "\t/srv/app/main.go:16 +0x1d",
        ZAP,
        "\tat app.Main.main(Main.java:3)",
        "see main.go:3 (0x1)",
    ):
        assert not PLACE.match(line) and not RECOVERED.match(line)
    assert PLACE.match(FRAMES[1]) and RECOVERED.match(f"api-1  | {GIN[0]}")


def test_zaps_json_has_the_message_of_its_entry() -> None:
    entry = {"level": "error", "msg": "failed", "error": "refused", "stacktrace": "\n".join(FRAMES)}
    group = only(json.dumps(entry))
    assert (group.stack.exception, group.message.text) == ("error", "failed: refused")
