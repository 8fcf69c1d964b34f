"""Invariants of a service that midnight did not start: asked in time, exact, and refused if it cannot answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attach.files import RECORDS, REMOVED, experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.typed import typed

pytestmark = pytest.mark.usefixtures("own_place")

KEPT = """\
invariants:
  - {name: kept, http: /count, json: /records/kept, delta: {acknowledged: write}}
"""
OF_TARGET = """\
invariants:
  - {name: by_hand, command: [sh, -c, "echo asking >&2; cat FILE"], equals: 3}
"""


def argv(midnight: Midnight, service: Service, invariants: str = KEPT) -> tuple[str, ...]:
    (midnight.place / "counted").write_text("3\n")
    top = OF_TARGET.replace("FILE", str(midnight.place / "counted"))
    file = target(midnight, service.url, top=top, ledger=RECORDS + REMOVED)
    return "run", experiment(midnight, invariants), "--target", file


@pytest.mark.real
@pytest.mark.parametrize("loses", [pytest.param(0, marks=pytest.mark.full), 3])
def test_what_a_service_loses_is_counted_exactly_before_any_record_is_removed(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str], loses: int
) -> None:
    service.loses = loses
    service.records = {7: "of another"}
    done = typed(capsys, *argv(midnight, service))

    found = {item["name"]: item for item in midnight.verdict["findings"] if item["check"] == "invariants"}
    assert found["by_hand"]["outcome"] == "pass"
    assert service.records == {7: "of another"}, "the run has removed its own"
    kept, before = found["kept"]["evidence"]["after"], found["kept"]["evidence"]["before"]
    lost = before + found["kept"]["evidence"]["acknowledged"] - kept
    assert before > 1 and kept - before > 1
    assert (done.code, found["kept"]["measured"]) == (1 if loses else 0, lost)
    assert (lost > 0) == (loses > 0)
    if loses:
        assert f"kept: {lost} lost: expected {kept + lost}, found {kept} ({before} before, " in done.out
        assert f"{lost} lost" in midnight.run.report.read_text()
    assert midnight.run.output("invariant-by_hand-after").read_text() == "asking\n3\n"


def test_a_question_that_the_service_does_not_answer_is_refused_before_the_load(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    command = argv(midnight, service, KEPT.replace("/records/kept", "/kept"))
    done = typed(capsys, *command)
    (line,) = [line for line in done.err.splitlines() if line]
    assert (done.code, midnight.runs) == (2, []), done.printed
    assert "invariant 'kept' can be answered: the answer has no /kept" in line
    assert not any(path.startswith("/items/") for path in service.paths())


def test_a_rehearsal_asks_every_question_once_and_runs_no_command(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, *argv(midnight, service), "--rehearse", "--json")
    rows = {row["what"]: row for row in json.loads(done.out) if row["part"] == "invariants"}
    assert rows["invariant 'kept' can be answered"]["because"] == "now 0"
    assert rows["invariant 'by_hand' can be answered"]["answer"] == "unknown"
    assert not list(Path(midnight.place).rglob("invariant-*.log"))


def test_a_command_that_does_not_exist_is_refused_before_the_load(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    command = list(argv(midnight, service))
    file = Path(command[-1])
    file.write_text(file.read_text().replace("[sh, -c", "[./no-such-count, -c"))
    done = typed(capsys, *command)
    assert done.code == 2 and "./no-such-count: command not found; correct the command" in done.err
