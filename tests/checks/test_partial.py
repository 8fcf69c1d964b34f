"""A pass in which a step proved no effect is PARTIAL, and its first line begins with what is not proven."""

from __future__ import annotations

import pytest

from chaos.checks.finding import Finding, Outcome
from chaos.checks.headline import headline, is_partial, reasons

PASS, FAIL, UNKNOWN, NOT = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED


def findings(*effects: Outcome, slo: Outcome = PASS) -> list[Finding]:
    judged = Finding("availability", slo, 1.0, 0.99, "ratio", "availability 100 %", check="slos")
    steps = [
        Finding(f"step {number}", each, None, None, "", "it did its act", check="effect")
        for number, each in enumerate(effects, 1)
    ]
    return [judged, *steps]


def test_a_pass_without_some_effects_names_them_first() -> None:
    found = findings(PASS, NOT, PASS, NOT)
    line = headline(PASS, found)
    assert (
        line
        == "PARTIAL: passed, but step 2 and step 4 had no effect, so it proves little; availability 100 %."
    )
    assert reasons(PASS, found, []) == ("availability 100 %", "Not tested: step 2, step 4")


@pytest.mark.parametrize("effects", [(), (PASS,), (PASS, PASS)])
def test_a_pass_with_every_effect_is_whole(effects: tuple[Outcome, ...]) -> None:
    assert not is_partial(PASS, findings(*effects))
    assert headline(PASS, findings(*effects)) == "PASS: availability 100 %."


@pytest.mark.parametrize("outcome", [FAIL, UNKNOWN])
def test_what_is_no_pass_is_not_partial(outcome: Outcome) -> None:
    found = findings(PASS, NOT, slo=outcome)
    assert not is_partial(outcome, found)
    line = headline(outcome, found)
    assert line.startswith(f"{outcome.name}: availability 100 %")
    assert "proves little" not in line
