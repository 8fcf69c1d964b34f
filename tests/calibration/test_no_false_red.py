"""A healthy target on a machine too busy to measure it is unknown, and never to blame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.record import hits
from chaos.record.hits import Outcome
from tests.calibration.files import arguments, load
from tests.calibration.truth import truth
from tests.conftest import traces
from tests.midnight import Midnight

pytestmark = pytest.mark.alone
STARVE = "steps:\n  - {name: starve, fault: starve, at: 1s, hold: 2s}"
OBJECTIVES = """\
slos:
  - {name: availability, availability: 99%}
  - {name: p90, latency: {percentile: 90, below: 50ms}}
outage: {below: 99%, window: 1s, sustained: 1s}
limits: {lost_writes: 0}"""


def test_a_healthy_target_on_a_starved_machine_is_unknown_and_never_failed(tmp_path: Path) -> None:
    midnight = Midnight(tmp_path)
    with truth() as server:
        parts = (load(4), STARVE, OBJECTIVES)
        done = midnight(*arguments(midnight, server, *parts, instrument="{lag: 20ms, run_delay: 10%}"))
        record = server.record()

    assert done.code == 3, (midnight.outcomes(), done.err)
    assert midnight.outcomes()["effect: starve"] == "pass"
    assert midnight.outcomes()["latency: p90"] == "unknown"
    assert "fail" not in midnight.outcomes().values()
    assert "the load generator itself was late too often to judge " in midnight.verdict["headline"]
    table = hits.open_table(midnight.run.hits)
    latency = np.where(table["outcome"] == Outcome.GOOD, table["done"] - table["due"], np.inf)
    assert np.percentile(latency[table["n"] > 0], 90, method="lower") > 0.05, "seen through us it was slow"
    served = [entry["answered"] - entry["at"] for entry in record.answered_well(0.05)]
    assert np.percentile(served, 90) < 0.05, "it was well"
    assert traces(midnight.run.id) == set()
