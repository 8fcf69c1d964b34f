"""The contract suite passes checks, sources, formats and drivers that are sound, and fails what breaks a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.contracts import class_of, failed, project, pytest_in

CHECKS = {
    "good_check": set[str](),
    "counting_check": {"it_finds_the_same_every_time"},
    "writing_check": {"it_changes_no_file_of_the_run"},
    "green_check": {"a_run_that_was_never_played_proves_nothing"},
    "raising_check": {
        "it_finds_the_same_every_time",
        "it_changes_no_file_of_the_run",
        "its_findings_fit_a_report",
        "a_run_that_was_never_played_proves_nothing",
    },
    "misnamed_check": {
        "it_finds_the_same_every_time",
        "it_changes_no_file_of_the_run",
        "its_findings_fit_a_report",
        "a_run_that_was_never_played_proves_nothing",
        "an_aborted_run_does_not_raise",
    },
}
FIGURES = {
    "good_figure": set[str](),
    "counting_figure": {"it_measures_the_same_every_time_and_changes_no_file"},
    "zero_figure": {"a_run_that_was_never_played_has_no_value"},
    "endless_figure": {"it_measures_a_number_or_none"},
    "writing_figure": {"it_measures_the_same_every_time_and_changes_no_file"},
    "raising_figure": {
        "it_measures_the_same_every_time_and_changes_no_file",
        "it_measures_a_number_or_none",
        "a_run_that_was_never_played_has_no_value",
    },
    "nameless_figure": {"it_can_be_shown_and_compared"},
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
    "leaving_driver": {"it_gives_what_it_offers_and_is_taken_down_twice"},
    "once_driver": {"it_gives_what_it_offers_and_is_taken_down_twice"},
}


KINDS = {
    "checks": CHECKS,
    "sources": SOURCES,
    "figures": FIGURES,
    "reports": REPORTS,
    "targets": DRIVERS,
}


def planted(kind: str, name: str) -> str:
    return f"planted_rest:{class_of(name) if kind == 'targets' else name}"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The tests that each fails. Broken checks would judge the run of a report: they are installed by themselves."""
    found: dict[str, set[str]] = {}
    for kinds in ({"checks"}, KINDS.keys() - {"checks"}):
        points = {kind: {name: planted(kind, name) for name in KINDS[kind]} for kind in kinds}
        place = project(tmp_path_factory.mktemp("planted"), points)
        found |= failed(place, [name for kind in kinds for name in KINDS[kind]])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sound_passes_and_each_broken_rule_fails_its_test(
    kind: str, outcomes: dict[str, set[str]]
) -> None:
    assert {name: outcomes[name] for name in KINDS[kind]} == KINDS[kind]


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
