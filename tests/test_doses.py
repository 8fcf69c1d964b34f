"""A dose is told in the unit that its name states, and its floor as what it is: the least that is needed."""

from __future__ import annotations

import pytest

from chaos.plan.build import target_of
from chaos.plan.cures import cures
from chaos.spec import doses
from tests.midnight import PROJECT

EMBEDDED = PROJECT / "targets/embedded.yaml"


@pytest.mark.parametrize(
    ("name", "value", "floor", "told"),
    [
        ("idle_sessions_closed", 12, 5, "12 idle sessions closed (at least 5 needed)"),
        ("connections_in_use", 1, 1, "1 connection in use (at least 1 needed)"),
        ("rows_deleted", 83.0, None, "83 rows deleted"),
        ("rotated_bytes", 4e7, 1e6, "40 MB rotated (at least 1 MB needed)"),
        ("together_seconds", 6.3, 1.0, "6.3 s side by side (at least 1 s needed)"),
        ("cpu_seconds", 3.16, None, "3.16 s of CPU time"),
        ("completed", 1.0, 1.0, "the job completed"),
        ("completed", 0.0, 1.0, "the job did not complete"),
        ("bytes", 512, None, "512 B"),
        ("rows", 4000, 4000, "4,000 rows (at least 4,000 needed)"),
        ("sync_median_seconds", 0.0691, 0.05, "a median sync of 69.1 ms (at least 50 ms needed)"),
        ("requests_failed", 1, 1, "1 request failed (at least 1 needed)"),
        ("own_wait_seconds", 5.85, 0.2, "the service waited 5.85 s (at least 200 ms needed)"),
        ("stalled_seconds", 6.0, 0.2, "stalled for 6 s (at least 200 ms needed)"),
        ("held_back_seconds", 1.2, None, "held back for 1.2 s"),
        ("most_descriptors", 64, None, "up to 64 descriptors open"),
        ("connections_that_waited", 1, 1, "1 connection waited (at least 1 needed)"),
    ],
)
def test_in_a_sentence_the_amount_comes_before_what_was_done(
    name: str, value: float, floor: float | None, told: str
) -> None:
    assert doses.phrase(name, value, floor) == told


def test_what_either_happened_or_not_needs_no_amount() -> None:
    assert doses.needed("completed", 1.0) == ""
    assert doses.needed("cpu_seconds", 1.9) == "at least 1.9 s needed"


def test_the_cures_of_a_profile_are_the_differences_to_the_hardened_one_with_both_reasons() -> None:
    target, _, _ = target_of(EMBEDDED)
    found = {cure.setting: cure for cure in cures(EMBEDDED, target, "fragile")}
    ping = found["api.pool_pre_ping"]
    assert (ping.value, ping.cure) == ("false", "true")
    assert "found before the request uses it" in ping.why
    assert "Dify's default" in ping.because
    assert "api.workers" not in found, "it is the same in both"
    assert all(cure.why for cure in found.values())


@pytest.mark.parametrize("profile", ["hardened", None])
def test_there_is_nothing_to_cure_in_the_cure_itself(profile: str | None) -> None:
    target, _, _ = target_of(EMBEDDED)
    assert cures(EMBEDDED, target, profile) == ()


def test_a_target_without_a_hardened_profile_has_no_cures() -> None:
    example = PROJECT / "targets/attach-example.yaml"
    assert cures(example, target_of(example)[0], "mine") == ()
