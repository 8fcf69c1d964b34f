"""A target's answers over HTTP and from a command: a value, or one line that says why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chaos.plugin.handles import Handles
from chaos.record.redact import MASK, known
from chaos.record.store import RunDir
from chaos.run.questions import LARGEST, Answer, ask
from chaos.spec.invariants import Invariant
from tests.accepting import answering

PAGES: dict[str, tuple[int, bytes]] = {
    "/number": (200, b" 42\n"),
    "/json": (
        200,
        b'{"a": {"b/c": [1, 0.10, 1234567890.12345678901]}, "": true, "~": "x", "none": null, "all": {}}',
    ),
    "/nan": (200, b'{"a": NaN}'),
    "/broken": (200, b'{"a": '),
    "/away": (302, b""),
    "/gone": (404, b"0"),
    "/long": (200, b"x" * 300),
    "/huge": (200, b"x" * (LARGEST + 1)),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = PAGES[self.path]
        if self.headers["authorization"] != "Bearer let-me-in":
            status, body = 401, b""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("location", "/number")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def handles() -> Iterator[Handles]:
    with answering(Pages) as url:
        yield Handles(base_url=url, headers={"authorization": "Bearer let-me-in"})


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ({"http": "/number", "equals": 42}, "42"),
        ({"http": "/json", "json": "/a/b~1c/0", "equals": 1}, 1),
        ({"http": "/json", "json": "/a/b~1c/1", "equals": 1}, 0.1),
        ({"http": "/json", "json": "/a/b~1c/2", "equals": 1}, "1234567890.12345678901"),
        ({"http": "/json", "json": "/", "equals": True}, True),
        ({"http": "/json", "json": "/~0", "equals": "x"}, "x"),
        ({"http": "/nan", "json": "/a", "equals": 1}, "NaN"),
        ({"http": "/gone", "status": 404, "equals": 0}, "0"),
        ({"http": "/gone"}, 404),
        ({"http": "/away"}, 302),
    ],
)
def test_a_page_is_answered_with_its_number_its_value_or_its_status(
    handles: Handles, question: dict[str, Any], value: Any
) -> None:
    assert ask(Invariant(name="page", **question), handles) == Answer(value)


@pytest.mark.parametrize(
    ("question", "because"),
    [
        ({"http": "/gone", "equals": 0}, "answered with 404, expected 2xx"),
        ({"http": "/away", "equals": 0}, "answered with 302, expected 2xx"),
        ({"http": "/number", "status": 404, "equals": 0}, "answered with 200, expected 404"),
        ({"http": "/broken", "json": "/a", "equals": 0}, "the answer is not JSON"),
        ({"http": "/json", "json": "/a/b", "equals": 0}, "the answer has no /a/b"),
        ({"http": "/json", "json": "/a/b~1c/3", "equals": 0}, "the answer has no /a/b~1c/3"),
        ({"http": "/json", "json": "/a/b~1c/01", "equals": 0}, "the answer has no /a/b~1c/01"),
        ({"http": "/json", "json": "/none", "equals": 0}, "the answer is null"),
        ({"http": "/json", "json": "/all", "equals": 0}, "the answer is not a number, a text, true or false"),
        ({"http": "/long", "equals": 0}, "the answer is longer than 200 characters"),
        ({"http": "/huge", "equals": 0}, f"the answer is larger than {LARGEST} bytes"),
        ({"sql": "select 1", "equals": 0}, "the target has no database 'primary'"),
    ],
)
def test_a_question_without_an_answer_says_why(
    handles: Handles, question: dict[str, Any], because: str
) -> None:
    assert ask(Invariant(name="page", **question), handles) == Answer(because=because)


def test_a_target_that_is_down_gives_no_answer() -> None:
    found = ask(Invariant(name="page", http="/x", equals=0), Handles(base_url="http://127.0.0.1:1"))
    assert found.value is None and found.because


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    found = RunDir(tmp_path / "20261126T235900Z-a1b2c3")
    found.path.mkdir()
    return found


def said(run: RunDir, script: str, **rules: Any) -> Answer:
    command = Invariant(name="count", command=("sh", "-c", script), **{"within": 5.0, **rules})
    return ask(command, Handles(base_url="http://127.0.0.1:1"), run, "after")


def test_a_command_is_answered_with_the_last_line_that_it_prints(run: RunDir) -> None:
    assert said(run, 'echo "asking $MIDNIGHT_URL" >&2; echo 12', equals=12) == Answer("12")
    assert run.output("invariant-count-after").read_text() == "asking http://127.0.0.1:1\n12\n"


def test_without_a_rule_a_command_is_answered_with_its_exit_code(run: RunDir) -> None:
    assert (said(run, "true"), said(run, "exit 3")) == (Answer(0), Answer(3))


def test_a_command_that_fails_gives_no_answer_and_no_secret(run: RunDir) -> None:
    known.learn(["Xy7@Zw9qKk"])
    assert said(run, "echo no host Zw9qKk; exit 3", equals=0) == Answer(
        because=f"sh: exit code 3: no host {MASK}"
    )


def test_a_command_that_prints_nothing_gives_no_answer(run: RunDir) -> None:
    assert said(run, "true", equals=0) == Answer(because="sh: it printed nothing")


def test_a_command_that_takes_too_long_is_ended(run: RunDir) -> None:
    found = said(run, "sleep 600", equals=0, within=0.2)
    assert found.value is None and "sh was still running and was stopped" in found.because
