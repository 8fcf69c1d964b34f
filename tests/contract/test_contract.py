"""The contract suite passes what is sound, and fails what breaks one of its rules."""

from __future__ import annotations

from pathlib import Path

from tests.contract.contracts import failed, project, pytest_in

FAULTS = {
    "good": set[str](),
    "loose": {"its_parameters_refuse_an_unknown_key"},
    "strange": {"it_needs_what_a_target_can_offer"},
    "misstaged": {"its_staging_keys_are_known"},
    "no_json": {"its_undo_is_json"},
    "hasty": {"probes_and_prepare_change_nothing"},
    "once": {"it_is_undone_twice_and_by_another_process", "an_undo_without_an_inject_works"},
    "forgetful": {"it_is_undone_twice_and_by_another_process"},
    "leaving": {"it_is_undone_twice_and_by_another_process"},
    "deaf": {"a_hold_that_is_stopped_returns"},
    "floorless": {"it_is_undone_twice_and_by_another_process"},
}
CHECKS = {
    "good_check": set[str](),
    "counting_check": {"it_finds_the_same_every_time"},
    "writing_check": {"it_changes_no_file_of_the_run"},
    "green_check": {"a_run_that_was_never_played_proves_nothing"},
    "raising_check": {
        "it_finds_the_same_every_time",
        "it_changes_no_file_of_the_run",
        "its_findings_have_its_name_and_fit_a_report",
        "a_run_that_was_never_played_proves_nothing",
    },
    "misnamed_check": {
        "it_finds_the_same_every_time",
        "it_changes_no_file_of_the_run",
        "its_findings_have_its_name_and_fit_a_report",
        "a_run_that_was_never_played_proves_nothing",
        "an_aborted_run_does_not_raise",
    },
}
SOURCES = {
    "GoodSource": set[str](),
    "NamelessSource": {"it_names_its_gauges_with_their_units"},
    "UndeclaredSource": {"it_reads_what_it_names"},
    "GreedySource": {"a_target_without_handles_does_not_raise"},
}
REPORTS = {
    "good_report": set[str](),
    "writing_report": {"it_renders_every_run_and_changes_no_file", "only_its_file_is_written"},
    "raising_report": {"it_renders_every_run_and_changes_no_file"},
}
DRIVERS = {
    "good_driver": set[str](),
    "lying_driver": {"it_gives_what_it_offers_and_is_taken_down_twice"},
    "once_driver": {"it_gives_what_it_offers_and_is_taken_down_twice"},
}


def class_of(name: str) -> str:
    return name.title().replace("_", "")


def test_a_sound_fault_passes_and_each_broken_rule_fails_its_test(tmp_path: Path) -> None:
    points = {name: f"planted_faults:{class_of(name)}" for name in FAULTS}
    assert failed(project(tmp_path, {"faults": points}), FAULTS) == FAULTS


def test_a_sound_check_passes_and_each_broken_rule_fails_its_test(tmp_path: Path) -> None:
    points = {name: f"planted_rest:{name}" for name in CHECKS}
    assert failed(project(tmp_path, {"checks": points}), CHECKS) == CHECKS


def test_sound_sources_and_formats_pass_and_each_broken_rule_fails_its_test(tmp_path: Path) -> None:
    groups = {
        kind: {name: f"planted_rest:{name}" for name in each}
        for kind, each in (("sources", SOURCES), ("reports", REPORTS))
    }
    assert failed(project(tmp_path, groups), {**SOURCES, **REPORTS}) == {**SOURCES, **REPORTS}


def test_a_sound_driver_passes_and_each_broken_rule_fails_its_test(tmp_path: Path) -> None:
    points = {name: f"planted_rest:{class_of(name)}" for name in DRIVERS}
    assert failed(project(tmp_path, {"targets": points}), DRIVERS) == DRIVERS


def test_what_needs_handles_is_skipped_without_any_and_the_rest_is_tested(tmp_path: Path) -> None:
    place = project(tmp_path, {"faults": {"good": "planted_faults:Good"}}, conftest="")
    found = failed(place, ["good"])["good"]
    assert found and all(name.startswith("skipped: ") for name in found)
    assert not any("parameters" in name or "staging" in name for name in found)


def test_a_name_that_nothing_is_registered_under_is_a_usage_error(tmp_path: Path) -> None:
    done = pytest_in(
        project(tmp_path, {"faults": {"good": "planted_faults:Good"}}), "--midnight-contract", "god"
    )
    assert done.returncode == 4
    assert "--midnight-contract god: nothing of that name is registered" in done.stderr + done.stdout


def test_without_the_option_nothing_is_added_to_a_run(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_mine.py").write_text(
        "import sys\n\ndef test_mine():\n"
        "    assert [name for name in sys.modules if name.startswith('chaos')]"
        " == ['chaos', 'chaos.contract', 'chaos.contract.plugin']\n"
    )
    done = pytest_in(tmp_path, "-q")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
    assert "midnight_handles" not in pytest_in(tmp_path, "--fixtures").stdout
