"""`midnight doctor` tells what is here, what is not, and ends with the code that fits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from chaos.cli import app
from chaos.errors import ToolMissing
from chaos.tools import doctor
from chaos.tools.part import Found, Missing

FOUND = Found("Alpha", "1.2", "/somewhere", "PATH")
MISSING = Missing("Beta", "it is not here", "type: get beta")


@dataclass
class Fixed:
    """A part that is as it is."""

    answer: Found | Missing
    REQUIRED: bool = True
    NAME: str = "a part"

    def find(self) -> Found | Missing:
        return self.answer


@dataclass
class Obtainable(Fixed):
    """A part that can be got, or fails to be."""

    fails: bool = False
    got: int = field(default=0)

    def get(self) -> Found:
        self.got += 1
        if self.fails:
            raise ToolMissing("Beta", "no network", "type: get beta")
        self.answer = FOUND
        return FOUND


def run(monkeypatch: pytest.MonkeyPatch, parts: list[Fixed], *options: str) -> tuple[int, str]:
    monkeypatch.setattr(doctor, "PARTS", parts)
    result = CliRunner().invoke(app(), ["doctor", *options])
    return result.exit_code, result.output


def test_all_found_is_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, [Fixed(FOUND)])
    assert code == 0
    assert "Alpha  1.2      /somewhere  PATH" in output


def test_a_required_part_that_is_missing_is_code_2_with_the_remedy_on_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, output = run(monkeypatch, [Fixed(FOUND), Fixed(MISSING)])
    assert code == 2
    assert "Beta: MISSING: it is not here\n    type: get beta\n" in output


def test_a_part_that_is_not_required_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, [Fixed(MISSING, REQUIRED=False)])
    assert code == 0
    assert "Beta: not found, optional: it is not here" in output


def test_looking_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Obtainable(MISSING)
    assert run(monkeypatch, [part])[0] == 2
    assert part.got == 0


def test_fix_gets_what_is_missing_and_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    here, away = Obtainable(FOUND), Obtainable(MISSING)
    assert run(monkeypatch, [here, away], "--fix")[0] == 0
    assert (here.got, away.got) == (0, 1)


def test_a_part_that_cannot_be_obtained_is_code_5_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, next_one = Obtainable(MISSING, fails=True), Obtainable(MISSING)
    code, output = run(monkeypatch, [broken, next_one], "--fix")
    assert code == 5
    assert "Beta: MISSING: no network" in output
    assert next_one.got == 1


def test_json_holds_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    _, output = run(monkeypatch, [Fixed(FOUND), Fixed(MISSING, REQUIRED=False)], "--json")
    first, second = json.loads(output)
    assert (first["found"], first["version"]) == (True, "1.2")
    assert (second["found"], second["required"], second["remedy"]) == (False, False, "type: get beta")


def test_on_this_machine_every_required_part_is_found() -> None:
    assert [
        answer for part, answer in doctor.examine() if part.REQUIRED and isinstance(answer, Missing)
    ] == []
