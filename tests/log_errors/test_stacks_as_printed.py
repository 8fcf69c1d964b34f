"""Stacks that Python 3.11, Java 17, Node 20 and Go 1.26 have printed themselves are named by the place that failed."""

from __future__ import annotations

import pytest

from tests.log_errors.reading_logs import SAMPLES, groups_in, only, prints, sample

SUB = "/srv/app/chained.py"
EXPECTED = {
    "python_handle": ("KeyError", f"{SUB}:4 in read", "ZeroDivisionError", "'id'"),
    "python_reject": ("Rejected", f"{SUB}:25 in reject", "", "first line of the message"),
    "python_recurse": ("RecursionError", f"{SUB}:19 in recurse", "", "maximum recursion depth exceeded"),
    "python_taskgroup": ("ValueError", f"{SUB}:29 in fetch", "ExceptionGroup", None),
    "python_nested": ("Rejected", f"{SUB}:25 in reject", "ExceptionGroup", "first line of the message"),
    "python_noted": ("KeyError", f"{SUB}:4 in read", "", "'id'"),
    "python_parse": ("json.decoder.JSONDecodeError", f"{SUB}:59 in parse", "", None),
    "python_syntax": ("SyntaxError", "/srv/app/rules.py:1", "", "invalid syntax"),
    "python_bare_syntax": ("SyntaxError", "/srv/app/broken.py:1", "", "invalid syntax"),
    "java_bare": ("java.lang.RuntimeException", "Main.java:35 in Main.main", "", ""),
    "java_caused": (
        "java.lang.NullPointerException",
        "Main.java:23 in Main$Handler.handle",
        "java.lang.IllegalStateException",
        None,
    ),
    "java_thread": (
        "java.lang.NullPointerException",
        "Main.java:23 in Main$Handler.handle",
        "java.lang.IllegalStateException",
        None,
    ),
    "java_recurse": ("java.lang.StackOverflowError", "Main.java:27 in Main.recurse", "", ""),
    "java_stream": (
        "java.lang.NumberFormatException",
        "Main.java:33 in Main.main",
        "",
        'For input string: "a"',
    ),
    "java_suppressed": (
        "java.nio.file.NoSuchFileException",
        "Main.java:10 in Main.read",
        "java.io.UncheckedIOException",
        "/nonexistent/a",
    ),
    "node_coded": ("TypeError", "/srv/app/app.js:12 in Object.<anonymous>", "", None),
    "node_logged": ("Error", "/srv/app/app.js:2 in read", "", None),
    "node_rejected": ("Error", "/srv/app/app.js:2 in read", "", None),
    "node_stack": ("Error", "/srv/app/app.js:3 in load", "", "cannot load 4711"),
    "node_thrown": ("Error", "/srv/app/app.js:2 in read", "", None),
    "node_two_lines": ("RangeError", "/srv/app/app.js:13 in Object.<anonymous>", "", "first line"),
    "node_uncaught": ("TypeError", "/srv/app/app.js:7 in Object.<anonymous>", "", None),
    "go_nil_map": ("panic", "/srv/app/main.go:16 in main.(*Store).put", "", "assignment to entry in nil map"),
    "go_nil_pointer": ("runtime error", "/srv/app/main.go:16 in main.(*Store).put", "", None),
    "go_error": ("panic", "/srv/app/main.go:29 in main.main", "", "handle: row 4711 is gone"),
    "go_index": ("runtime error", "/srv/app/main.go:46 in main.main", "", None),
    "go_deadlock": (
        "fatal error",
        "/srv/app/main.go:5 in main.wait",
        "",
        "all goroutines are asleep - deadlock!",
    ),
    "go_http": ("panic", "/srv/app/main.go:16 in main.(*Store).put", "", "assignment to entry in nil map"),
    "go_recovered": (
        "panic",
        "/srv/app/main.go:16 in main.(*Store).put",
        "",
        "recovered: assignment to entry in nil map",
    ),
    "go_repanic": ("panic", "/srv/app/main.go:16 in main.(*Store).put", "", "assignment to entry in nil map"),
}


MEMBERS = {
    "python_taskgroup": {("ValueError", f"{SUB}:29 in fetch"): 2},
    "python_nested": {("Rejected", f"{SUB}:25 in reject"): 1, ("KeyError", f"{SUB}:4 in read"): 1},
}
"""Samples of groups of errors: how often each member is in them."""


def test_every_sample_is_expected() -> None:
    assert {path.stem for path in SAMPLES.glob("*.txt")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stack_is_one_error_a_member_with_its_root_cause_and_its_deepest_frame(name: str) -> None:
    exception, place, raised, message = EXPECTED[name]
    groups = groups_in(sample(name))
    counts = {(each.stack.exception, str(each.stack.frame)): each.count for each in groups}
    assert counts == MEMBERS.get(name, {(exception, place): 1})
    group = next(each for each in groups if each.stack.exception == exception)
    assert group.stack.language == name.partition("_")[0]
    assert (group.stack.exception, str(group.stack.frame), group.stack.raised) == (exception, place, raised)
    assert message in (None, group.message.text)


def test_up_to_three_frames_of_the_application_lead_to_the_place() -> None:
    frames = [str(frame) for frame in only(sample("python_noted")).stack.frames]
    assert frames == [f"{SUB}:4 in read", f"{SUB}:53 in noted", f"{SUB}:66 in <module>"]


def test_a_frame_of_a_library_names_the_place_only_if_there_is_no_other() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.11/threading.py", line 1045, in _bootstrap_inner\n'
        "    self.run()\n"
        '  File "/venv/lib/python3.11/site-packages/kombu/connection.py", line 7, in drain\n'
        "    raise Gone()\n"
        "kombu.Gone\n"
    )
    assert str(only(text).stack.frame) == "/venv/lib/python3.11/site-packages/kombu/connection.py:7 in drain"


def test_a_first_traceback_of_libraries_alone_has_the_place_of_the_next() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/venv/lib/python3.11/site-packages/psycopg/cursor.py", line 97, in execute\n'
        "    raise ex.with_traceback(None)\n"
        'psycopg.errors.UndefinedTable: relation "x" does not exist\n'
        "\n"
        "The above exception was the direct cause of the following exception:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "/srv/app/rows.py", line 12, in find\n'
        "    connection.execute(question)\n"
        '  File "/venv/lib/python3.11/site-packages/sqlalchemy/base.py", line 9, in execute\n'
        "    raise wrapped\n"
        "sqlalchemy.exc.ProgrammingError: (psycopg.errors.UndefinedTable)\n"
    )
    stack = only(text).stack
    assert (stack.exception, str(stack.frame)) == (
        "psycopg.errors.UndefinedTable",
        "/srv/app/rows.py:12 in find",
    )
    assert stack.raised == "sqlalchemy.exc.ProgrammingError"


@pytest.mark.parametrize(
    ("file", "ours"),
    [
        ("/usr/local/go/src/net/http/server.go", False),
        ("/usr/lib/go-1.22/src/runtime/panic.go", False),
        ("runtime/panic.go", False),
        ("net/http/server.go", False),
        ("/go/pkg/mod/github.com/jackc/pgx/v5@v5.5.0/conn.go", False),
        ("github.com/jackc/pgx/v5@v5.5.0/conn.go", False),
        ("/srv/app/vendor/github.com/x/y.go", False),
        ("/go/src/app/main.go", True),
        ("/home/me/go/src/github.com/me/shop/main.go", True),
        ("example.com/shop/main.go", True),
        ("/srv/app/internal/store.go", True),
    ],
)
def test_a_frame_of_go_is_told_from_those_of_go_itself_and_of_modules(file: str, ours: bool) -> None:
    text = f"panic: gone\n\ngoroutine 1 [running]:\nx.y()\n\t{file}:7 +0x1d\nmain.main()\n\t/srv/app/a.go:3 +0x1\n"
    assert str(only(text).stack.frame).startswith(file if ours else "/srv/app/a.go")


@pytest.mark.parametrize(
    ("frame", "ours"),
    [
        ("java.base/java.lang.Thread.run(Thread.java:840)", False),
        ("app//com.example.shop.Rows.find(Rows.java:7)", True),
        ("org.springframework.web.servlet.Dispatcher.go(Dispatcher.java:7) ~[spring-web-6.jar:6]", False),
        ("com.example.shop.Rows$$Lambda/0x00007f.run(Unknown Source)", False),
        ("com.example.shop.Rows.lambda$find$0(Rows.kt:7) ~[classes/:na]", True),
        ("jdk.internal.reflect.Direct.invoke(Native Method)", False),
    ],
)
def test_a_frame_of_java_is_told_from_those_of_the_platform_and_of_libraries(frame: str, ours: bool) -> None:
    text = f"com.example.shop.Gone: no row\n\tat {frame}\n\tat com.example.shop.Main.main(Main.java:3)\n"
    group = only(text)
    assert group.stack.exception == "com.example.shop.Gone"
    assert ("Rows" in str(group.stack.frame)) is ours


def test_a_root_cause_printed_first_is_the_root_cause() -> None:
    text = (
        "java.io.IOException: disk full\n\tat com.example.Disk.write(Disk.java:9)\n"
        "\t... 3 common frames omitted\n"
        "Wrapped by: java.lang.IllegalStateException: not saved\n\tat com.example.Shop.save(Shop.java:4)\n"
    )
    stack = only(text).stack
    assert (stack.exception, str(stack.frame)) == ("java.io.IOException", "Disk.java:9 in Disk.write")


def test_two_stacks_one_after_the_other_are_two() -> None:
    for name in EXPECTED:
        once = {fingerprint: 3 * count for fingerprint, count in prints(sample(name)).items()}
        assert prints(sample(name) * 3) == once, name
