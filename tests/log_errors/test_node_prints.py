"""What Node 20 prints of errors: members of an AggregateError, and where a syntax error is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.log_errors.reading_logs import groups_in, only, prints

LOADER = (
    "    at wrapSafe (node:internal/modules/cjs/loader:1464:18)\n"
    "    at Module._compile (node:internal/modules/cjs/loader:1495:20)\n"
    "    at node:internal/main/run_main_module:28:49\n"
)
SYNTAX = f"""\
/srv/app/rules.js:7
let x = ;
        ^

SyntaxError: Unexpected token ';'
{LOADER}
Node.js v20.20.2
"""
MODULE = """\
file:///srv/app/rules.mjs:3
import {a} from 'b'
        ^
SyntaxError: The requested module 'b' does not provide an export named 'a'
    at ModuleJob._instantiate (node:internal/modules/esm/module_job:180:21)
"""
ANY = """\
[AggregateError: All promises were rejected] {
  [errors]: [
    Error: one
        at agg (/srv/app/a.js:4:57)
        at Object.<anonymous> (/srv/app/a.js:5:1),
    RangeError: two
        at agg (/srv/app/a.js:4:91)
        at Object.<anonymous> (/srv/app/a.js:5:1)
  ]
}
"""
THROWN = """\
/srv/app/b.js:1
Promise.reject(new AggregateError([new Error("x1"), new Error("x2")], "all"));
               ^

AggregateError: all
    at Object.<anonymous> (/srv/app/b.js:1:16)
    at node:internal/main/run_main_module:28:49 {
  [errors]: [
    Error: x1
        at first (/srv/app/b.js:2:36)
        at node:internal/main/run_main_module:28:49 {
      code: 'E1',
      [cause]: TypeError: deepest
          at load (/srv/app/c.js:1:51) {
        code: 'E3'
      }
    },
    Refused: x2
        at second (/srv/app/b.js:3:53)
        at node:internal/main/run_main_module:28:49 {
      code: 'E2'
    }
  ]
}

Node.js v20.20.2
"""

Errors = list[tuple[str, str, str, str]]


def errors(text: str) -> Errors:
    return [
        (group.stack.exception, group.message.text, str(group.stack.frame), group.stack.raised)
        for group in groups_in(text)
    ]


@pytest.mark.parametrize(
    "wrap",
    [str, lambda text: json.dumps({"level": "error", "msg": "failed", "stack": text})],
    ids=["text", "json"],
)
def test_a_syntax_error_is_where_its_source_is(wrap: Callable[[str], str]) -> None:
    assert errors(wrap(SYNTAX)) == [("SyntaxError", "Unexpected token ';'", "/srv/app/rules.js:7", "")]


def test_a_syntax_error_in_a_module_is_where_its_source_is() -> None:
    ((name, _, place, _),) = errors(MODULE)
    assert (name, place) == ("SyntaxError", "/srv/app/rules.mjs:3")


@pytest.mark.timeout(30)
def test_no_line_above_a_syntax_error_makes_a_pattern_backtrack() -> None:
    text = SYNTAX.replace("/srv/app/rules.js:7", "/ " * 8_000 + "x")
    assert str(only(text).stack.frame) == "node:internal/modules/cjs/loader:1464 in wrapSafe"


@pytest.mark.timeout(30)
def test_no_line_above_members_makes_a_pattern_backtrack() -> None:
    text = "[a: " * 4_000 + "\n" + "[a: x] " * 2_000 + "] {\n" + ANY.partition("\n")[2]
    assert [group.count for group in groups_in(text)] == [1, 1]


def test_a_syntax_error_in_a_package_is_where_the_application_loads_it() -> None:
    text = SYNTAX.replace("/srv/app/", "/srv/app/node_modules/x/").replace(
        "    at node:internal/main",
        "    at Object.<anonymous> (/srv/app/main.js:1:9)\n    at node:internal/main",
    )
    assert str(only(text).stack.frame) == "/srv/app/main.js:1 in Object.<anonymous>"


@pytest.mark.parametrize(
    "above", ["", "undefined:1\n{bad\n ^\n\n", "see /srv/app/rules.js:7\n", "/srv/app/rules.js:7\nlet x\n\n"]
)
def test_another_syntax_error_is_where_it_was_raised(above: str) -> None:
    text = f"{above}SyntaxError: Unexpected token\n    at JSON.parse (<anonymous>)\n    at read (/srv/app/a.js:2:3)\n"
    assert str(only(text).stack.frame) == "/srv/app/a.js:2 in read"


def test_each_member_of_an_aggregate_error_without_frames_is_an_error() -> None:
    assert errors(ANY) == [
        ("Error", "one", "/srv/app/a.js:4 in agg", "AggregateError"),
        ("RangeError", "two", "/srv/app/a.js:4 in agg", "AggregateError"),
    ]


def test_a_member_may_have_any_name() -> None:
    text = "failed " + ANY.replace("Error: one", "MyErr: one").replace("RangeError", "MyErr").replace(
        ":91", ":9"
    )
    group = only(text)
    assert (group.stack.exception, group.count, group.stack.raised) == ("MyErr", 2, "AggregateError")


def test_each_member_of_an_aggregate_error_with_frames_is_an_error_with_its_cause() -> None:
    assert errors(THROWN) == [
        ("TypeError", "deepest", "/srv/app/c.js:1 in load", "AggregateError"),
        ("Refused", "x2", "/srv/app/b.js:3 in second", "AggregateError"),
    ]


def test_members_of_node_alone_are_one_error() -> None:
    """Node tries each address of a host."""
    text = (
        "AggregateError [ECONNREFUSED]: \n    at internalConnectMultiple (node:net:1118:18) {\n"
        "  code: 'ECONNREFUSED',\n  [errors]: [\n"
        "    Error: connect ECONNREFUSED ::1:1\n        at createConnectionError (node:net:1648:14) {\n"
        "      errno: -111,\n      port: 1\n    },\n"
        "    Error: connect ECONNREFUSED 127.0.0.1:1\n        at createConnectionError (node:net:1648:14) {\n"
        "      errno: -111\n    }\n  ]\n}\n"
    )
    assert only(text).count == 1


CAUSED = "Error: outer\n    at f (/srv/app/f.js:1:1) {{\n  [cause]: {}\n}}\n"


@pytest.mark.parametrize("cause", ["undefined", "42", "'a string'", "{ code: 1 }", "{\n    code: 1\n  }"])
def test_a_cause_that_is_no_exception_is_none(cause: str) -> None:
    text = CAUSED.format(cause) + "TypeError: next\n    at g (/srv/app/g.js:1:1)\n"
    assert errors(text) == [
        ("Error", "outer", "/srv/app/f.js:1 in f", ""),
        ("TypeError", "next", "/srv/app/g.js:1 in g", ""),
    ]


def test_an_indented_name_of_an_error_takes_nothing_of_what_follows() -> None:
    first = "Error: outer\n    at f (/srv/app/f.js:1:1)\n  OddError: no row\n"
    text = f"{first}TypeError: next\n    at g (/srv/app/g.js:1:1)\n"
    assert [each[2] for each in errors(text)] == ["/srv/app/f.js:1 in f", "/srv/app/g.js:1 in g"]


@pytest.mark.parametrize("after", [ANY, THROWN, SYNTAX, "MyErr: x\n    at f (/srv/app/f.js:1:1)\n"])
@pytest.mark.parametrize("before", [ANY, THROWN, SYNTAX])
def test_what_follows_an_aggregate_error_is_an_error_of_its_own(before: str, after: str) -> None:
    apart = prints(before)
    for each, count in prints(after).items():
        apart[each] = apart.get(each, 0) + count
    assert prints(before + after) == apart


def test_members_of_members_are_errors() -> None:
    inner = "".join(f"    {line}\n" for line in ANY.splitlines())
    text = ANY.replace("    RangeError: two\n", inner + "    RangeError: two\n")
    assert [each[0] for each in errors(text)] == ["Error", "RangeError"]
    assert sum(group.count for group in groups_in(text)) == 4
