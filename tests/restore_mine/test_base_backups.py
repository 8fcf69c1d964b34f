"""The newest base backup is restored, dated and asked; the source stays as it was to the last time stamp."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.restore_mine.production import Production, digest, protect
from tests.restore_mine.restoring import Done, Restoring

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def plain(production: Production) -> Path:
    return production.base("plain")


def assert_sound(done: Done) -> None:
    wanted = {"run", "restored", "rto", "rpo", "kept", "files"}
    assert {name: done.outcomes[name] for name in wanted} == dict.fromkeys(wanted, "pass"), done.headline
    assert done.ending.exit_code == 0


@pytest.mark.parametrize("form", ["plain", "tar"])
def test_it_is_restored_read_only_and_dated_by_its_newest_heartbeat(
    production: Production, restoring: Restoring, form: str
) -> None:
    newest = production.beat()
    place = production.base(f"protected-{form}", "tar" if form == "tar" else "plain")
    protect(place)
    before = digest(place)
    done = restoring("base", place)
    assert digest(place) == before
    assert_sound(done)
    begun = datetime.fromisoformat(done.event("restore", "begun").detail["utc"])
    assert done.findings["rpo"].measured == pytest.approx((begun - newest).total_seconds(), abs=0.001)
    assert done.event("backup", "described").detail["format"] == form
    assert 0 < (done.findings["rto"].measured or 0) < 60
