"""One place maps everything to an exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos import cli, errors
from chaos.checks.finding import Outcome
from chaos.cli import gate, run
from chaos.errors import (
    ExitCode,
    MidnightError,
    Refused,
    of_error,
    of_outcome,
    of_rejudged,
    of_run,
    of_undo,
    of_verdict,
    worst,
)
from tests.typed import typed

ROOT = Path(cli.__file__).parents[2]
NAMED = {
    ExitCode.PASS: "pass",
    ExitCode.VIOLATED: "violated",
    ExitCode.USAGE: "usage",
    ExitCode.UNKNOWN: "unknown",
    ExitCode.ABORTED: "aborted",
    ExitCode.FAILED: "midnight itself failed",
    ExitCode.NOT_UNDONE: "could not be undone",
}
"""What docs/commands.md says of each."""
LITERAL = re.compile(
    r"""exit_code\s*(?:=|==|!=|in)\s*[({\[]?\s*-?\d   # compared with a number, or given one
    |\b(?:sys\.exit|typer\.Exit|Ended)\(\s*[0-6]\b     # ended with one
    |\breturn\ [2-6](?:\s+if\b|$)""",
    re.VERBOSE | re.MULTILINE,
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([], 0), ([0, 3], 3), ([3, 4], 4), ([4, 1], 1), ([1, 5], 5), ([5, 6, 1], 6), ([0], 0)],
)
def test_a_violation_proven_before_an_abort_stays_a_violation(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected


def test_an_uncaught_exception_is_a_failure_of_the_tool_and_no_violation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chaos.plan.build.build", lambda *_: 1 / 0)
    done = typed(capsys, "run", "smoke")
    assert (done.code, "bug in midnight" in done.err) == (5, True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused(), ExitCode.USAGE),
        (KeyboardInterrupt(), ExitCode.ABORTED),
        (MidnightError(), ExitCode.FAILED),
        (ZeroDivisionError(), ExitCode.FAILED),
    ],
)
def test_each_error_has_exactly_one_code(error: BaseException, expected: ExitCode) -> None:
    assert of_error(error) is expected


def test_each_outcome_of_a_check_has_a_code_and_only_a_bad_judgement_fails() -> None:
    codes = {outcome: of_outcome(outcome) for outcome in Outcome}
    assert {outcome for outcome, code in codes.items() if code is ExitCode.VIOLATED} == {Outcome.FAIL}
    assert {outcome for outcome, code in codes.items() if code is ExitCode.UNKNOWN} == {Outcome.UNKNOWN}


@pytest.mark.parametrize("code", [ExitCode.USAGE, -9, 77])
def test_no_run_ends_as_if_nothing_had_been_touched(code: int) -> None:
    assert of_run(code) is ExitCode.FAILED


@pytest.mark.parametrize("code", [ExitCode.PASS, ExitCode.VIOLATED])
def test_a_run_without_a_verdict_cannot_have_passed_or_failed(code: ExitCode) -> None:
    assert (of_run(code), of_run(code, judged=False)) == (code, ExitCode.FAILED)


def test_a_run_that_ended_without_a_verdict_keeps_the_reason() -> None:
    codes = set(ExitCode) - {ExitCode.PASS, ExitCode.VIOLATED, ExitCode.USAGE}
    assert {of_run(code, judged=False) for code in codes} == codes


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN])
def test_what_was_left_behind_outweighs_every_outcome(outcome: Outcome) -> None:
    assert of_verdict(outcome, left_behind=True) is ExitCode.NOT_UNDONE
    assert of_verdict(outcome) is of_outcome(outcome)
    assert (of_undo(True), of_undo(False)) == (ExitCode.NOT_UNDONE, ExitCode.PASS)


@pytest.mark.parametrize(
    ("verdict", "ended", "aborted", "expected"),
    [(0, 1, False, 0), (1, 0, False, 1), (0, 4, True, 4), (1, 4, True, 1), (0, 5, False, 5), (1, 6, True, 6)],
)
def test_other_objectives_change_the_verdict_and_not_how_the_run_ended(
    verdict: int, ended: int, aborted: bool, expected: int
) -> None:
    assert of_rejudged(verdict, ended, aborted=aborted) == expected


def test_what_judges_decides_no_code_by_itself() -> None:
    rooms = [ROOT / "chaos/checks", ROOT / "chaos/gate"]
    deciding = re.compile(r"(?:return|append\(|else) ExitCode\.(?!PASS\b)|ExitCode\.\w+ if ")
    found = [file for room in rooms for file in room.rglob("*.py") if deciding.search(file.read_text())]
    assert found == []


def test_the_tree_of_errors_is_documented_with_the_codes_they_have() -> None:
    told = re.findall(r"^[│├└─ ]*(\w+) +(\d) ", errors.__doc__ or "", re.MULTILINE)
    assert {name: int(code) for name, code in told} == {
        each.__name__: int(each.exit_code) for each in _family(MidnightError)
    }


def _family(kind: type[MidnightError]) -> list[type[MidnightError]]:
    ours = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [kind, *(each for child in ours for each in _family(child))]


def test_the_docs_list_every_code_and_no_other() -> None:
    rows = re.findall(r"^\| (\d) \| (.+) \|$", (ROOT / "docs/commands.md").read_text(), re.MULTILINE)
    assert [int(code) for code, _ in rows] == list(ExitCode)
    for code, meaning in rows:
        assert NAMED[ExitCode(int(code))] in meaning


@pytest.mark.parametrize("command", [run.run, gate.gate])
def test_the_help_of_what_plays_lists_every_code(command: object) -> None:
    listed = re.search(r"Exit code: (.+?)\.", command.__doc__ or "", re.DOTALL)
    assert listed is not None
    assert [int(number) for number in re.findall(r"\b\d\b", listed[1])] == list(ExitCode)


def test_the_codes_are_numbers_in_one_file_only() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {hit.group()}"
        for file in (ROOT / "chaos").rglob("*.py")
        for hit in LITERAL.finditer(file.read_text())
        if file.name != "errors.py"
    }
    assert found == {"chaos/engine/cgroups.py: return 2 if"}, "that is the version of a hierarchy"


@pytest.mark.parametrize(
    "line",
    [
        "if ended.exit_code == 0:",
        "exit_code in (0, 1)",
        "sys.exit(5)",
        "    return 6 if failed else 0",
        "return 2",
    ],
)
def test_a_code_written_as_a_number_is_found(line: str) -> None:
    assert LITERAL.search(line)
