"""Answers that do not look as they did in the baseline are a warning: it says how, and decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks import answers
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.verdict import judge
from chaos.record.answered import EXAMINED
from tests.checks.synthetic import BASELINE, PLAY, Night

USUAL = {"route": 0, "type": "application/json", "length": 100, "names": ["id:number", "name:string"]}


def looks(*play: dict[str, Any], baseline: int = 6, **usual: Any) -> list[dict[str, Any]]:
    before = [{**USUAL, **usual, "at": BASELINE + at} for at in range(baseline)]
    return before + [{**USUAL, **usual, "at": PLAY + at, **look} for at, look in enumerate(play)]


def found(place: Path, lines: list[dict[str, Any]]) -> Finding | None:
    return Night(answers=lines).findings(place, answers.check).get("read")


@pytest.mark.parametrize(
    ("look", "how"),
    [
        ({"type": "text/html", "names": None}, "text/html instead of application/json"),
        ({"type": ""}, "no content type instead of application/json"),
        ({"names": None}, "no JSON, unlike the baseline"),
        ({"names": ["id:number"]}, "no name:string, always present in the baseline"),
        (
            {"names": ["errors:array", "id:number", "name:string"]},
            "errors:array, new since the baseline",
        ),
        ({"names": ["id:null", "name:string"]}, "id:null, new since the baseline"),
        ({"length": 265}, "265 bytes instead of 100 to 100"),
    ],
)
def test_a_strange_answer_is_reported_with_what_differs(
    look: dict[str, Any], how: str, tmp_path: Path
) -> None:
    finding = found(tmp_path, looks({}, {}, look, {}))
    assert finding is not None
    assert (finding.outcome, finding.measured) == (Outcome.WARNING, 1.0)
    assert f"first 2 s into the play, with {how} (1 of 4 answers examined)" in finding.because


@pytest.mark.parametrize("look", [{}, {"length": 264}, {"length": 30}])
def test_a_usual_answer_is_not_a_warning(look: dict[str, Any], tmp_path: Path) -> None:
    assert found(tmp_path, looks({}, look)) is None


def test_an_answer_too_long_to_examine_may_still_be_json(tmp_path: Path) -> None:
    grown = {"names": None, "length": EXAMINED + 1}
    assert found(tmp_path, looks({}, grown, length=EXAMINED)) is None
    strange = found(tmp_path / "short", looks({}, {"names": None}, length=EXAMINED))
    assert strange is not None and "no JSON, unlike the baseline" in strange.because


def test_too_few_answers_in_the_baseline_say_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, looks({"type": "text/html"}, baseline=1)) is None
    assert found(tmp_path / "enough", looks({"type": "text/html"}, baseline=4)) is not None


def test_names_that_change_all_the_time_are_data(tmp_path: Path) -> None:
    lines = looks({"names": ["user-99:string"]})
    for number, line in enumerate(lines[:-1]):
        line["names"] = [f"user-{number}:string"]
    assert found(tmp_path, lines) is None


def test_each_route_has_its_own_baseline_of_answers(tmp_path: Path) -> None:
    plain = looks({}, {"type": "text/html"}, type="text/plain")
    lines = [*looks({}), *({**line, "route": 1} for line in plain)]
    findings = Night(answers=lines).findings(tmp_path, answers.check)
    assert set(findings) == {"write"}


def test_a_warning_is_among_the_reasons_and_decides_nothing(tmp_path: Path) -> None:
    verdict = judge(Judged(*Night(answers=looks({"type": "text/html"})).write(tmp_path)))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.PASS, 0)
    assert verdict.reasons[-1] == "Warning: the answers: read"
