"""A service that midnight did not start is played on and judged by no more than its address."""

from __future__ import annotations

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight


def test_an_address_and_routes_are_enough_for_a_verdict_and_a_report(
    midnight: Midnight, service: Service
) -> None:
    done = midnight("run", experiment(midnight), "--target", target(midnight, service.url))

    assert done.code == 0, done.err + done.out
    assert midnight.outcomes()["availability: availability"] == "pass"
    report = midnight.run.report.read_text()
    assert "The tests, until 2999-12-31" in report
    assert f"--target {midnight.place / 'mine.yaml'}" in report
    ready = [event for event in midnight.events() if event.phase == "ready" and event.source == "target"]
    assert ready[0].detail == {"handles": ["base_url"]}
