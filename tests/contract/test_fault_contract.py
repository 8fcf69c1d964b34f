"""The contract suite passes faults that are sound, and fails those that break one of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contract.contracts import CONFTEST, class_of, failed, project, pytest_in

ELSEWHERE = "an_undo_in_another_process_leaves_nothing"
UNHELD = "an_undo_does_not_rely_on_the_hold"
TWICE = "it_can_be_undone_twice"
UNINJECTED = "an_undo_without_an_inject_works"
FAULTS = {
    "good": set[str](),
    "ending": set[str](),
    "loose": {"its_parameters_refuse_an_unknown_key"},
    "strange": {"it_needs_what_a_target_can_offer"},
    "misstaged": {"its_staging_keys_are_known"},
    "no_json": {"its_undo_is_json"},
    "hasty": {"probes_and_prepare_change_nothing"},
    "once": {ELSEWHERE, UNHELD, TWICE, UNINJECTED},
    "forgetful": {ELSEWHERE, UNHELD},
    "local": {ELSEWHERE, UNHELD},
    "slow": {ELSEWHERE, UNHELD},
    "leaving": {ELSEWHERE, UNHELD, TWICE},
    "toggling": {TWICE, UNINJECTED},
    "tidy_hold": {UNHELD},
    "relative": {ELSEWHERE, UNHELD},
    "process": {ELSEWHERE, UNHELD, TWICE},
    "nameless": {ELSEWHERE, UNHELD, TWICE},
    "deaf": {"a_hold_that_is_stopped_returns"},
    "floorless": {ELSEWHERE},
}


FURTHER = ("ending", "forgetful", "local", "slow", "leaving", "relative", "process", "nameless")
"""Further ways to break a rule that another breaks, too."""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name for name in FAULTS if name not in FURTHER], id="each rule"),
        pytest.param(FURTHER, id="further", marks=pytest.mark.full),
    ],
)
def test_a_sound_fault_passes_and_each_broken_rule_fails_its_test(
    tmp_path: Path, names: Sequence[str]
) -> None:
    points = {name: f"planted_faults:{class_of(name)}" for name in names}
    assert failed(project(tmp_path, {"faults": points}), names) == {name: FAULTS[name] for name in names}


def test_what_needs_handles_is_skipped_without_any_and_the_rest_is_tested(tmp_path: Path) -> None:
    place = project(tmp_path, {"faults": {"good": "planted_faults:Good"}}, conftest="")
    found = failed(place, ["good"])["good"]
    assert found and all(name.startswith("skipped: ") for name in found)
    assert not any("parameters" in name or "staging" in name for name in found)


WITHOUT = (
    "demanding has parameters without a default: write into conftest.py a fixture `midnight_params` that returns"
    ' {"volume": ..., "least": ...}',
)
REFUSED = ("volume: must be text: put it in quotes", "leats: unknown key; did you mean `least`?")


@pytest.mark.parametrize(
    ("returned", "says"), [("", WITHOUT), ('{"volume": 1, "leats": 2}', REFUSED)], ids=["none", "refused"]
)
def test_parameters_that_are_missing_or_refused_are_named(
    returned: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    fixture = f"@pytest.fixture\ndef midnight_params():\n    return {returned}\n" if returned else ""
    place = project(tmp_path, {"faults": {"demanding": "planted_faults:Demanding"}}, CONFTEST + fixture)
    done = pytest_in(place, "-q", "-rs", "--midnight-contract", "demanding")
    assert all(each in done.stdout for each in says), done.stdout
    assert "Traceback" not in done.stdout and "pydantic" not in done.stdout
