"""In a run, a plug-in's source that raises costs one line; the gauges of a sound one are in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.plugging import install

pytestmark = pytest.mark.real

SOURCE = """
from chaos.plugin import SamplingSource

class plugged(SamplingSource):
    gauges = {"depth": "messages"}

    @classmethod
    def of(cls, handles):
        return cls()

    def read(self):
        return {"depth": 7}
"""


class WithPlugins(Midnight):
    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONPATH": str(self.place / "site")}


@pytest.fixture
def midnight(tmp_path: Path) -> Iterator[Midnight]:
    command = WithPlugins(tmp_path)
    yield command
    command.stop_all()


def test_one_that_raises_costs_one_line_and_the_run_is_judged_as_ever(
    midnight: Midnight, service: Service
) -> None:
    site = midnight.place / "site"
    site.mkdir()
    install(site, "sources", "queue", SOURCE)
    install(site, "sources", "broken", SOURCE.replace('{"depth": 7}', "1 / 0"))

    done = midnight("run", experiment(midnight), "--target", target(midnight, service.url))

    assert done.code == 0, done.err + done.out
    (lost,) = [event for event in midnight.events() if event.source == "sampling"]
    assert (lost.name, lost.phase) == ("broken", "lost")
    assert lost.detail == {"because": "ZeroDivisionError: division by zero"}
    said = [line for line in (done.out + done.err).splitlines() if "ZeroDivisionError" in line]
    assert len(said) == 1 and "sampling source broken lost" in said[0]
    lines = map(json.loads, midnight.run.samples.read_text().splitlines()[1:])
    assert {"depth": 7.0} in [line["values"].get("queue") for line in lines]
