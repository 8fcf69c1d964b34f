"""What an attached service logs while it is played on is in the journal and in every report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.record.events import ErrorsRead
from chaos.record.journal import Journal
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight

pytestmark = [pytest.mark.real, pytest.mark.wide]

LOGS = """\
  logs:
    directory: {directory}
    files: [app.log]
    unrotated: ["err*.log"]
"""


def test_a_service_that_begins_to_fail_says_where(
    midnight: Midnight, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "app.log").touch()
    service.log, service.bad_after = tmp_path / "error.log", 25
    service.fail()  # before the run
    file = target(midnight, service.url, LOGS.format(directory=tmp_path))
    done = midnight("run", experiment(midnight), "--target", file)

    assert done.code == 1, done.printed
    journal = Journal(midnight.run)
    read, play = journal.latest(ErrorsRead), journal.play
    assert read is not None and play is not None
    (group,) = read.groups
    assert (group.exception, group.frames[0].function) == ("LookupError", "fail")
    assert read.errors == group.count == service.log.read_text().count("LookupError: ") - 1
    assert group.first is not None and play.start <= group.first <= play.end
    place = f"service.py:{group.frames[0].line} in fail"
    assert f"logged: LookupError: no item 26: {group.count} times from +" in done.out and place in done.out
    assert place in midnight.run.report.read_text()
    assert json.loads(midnight.run.verdict.read_text())["logged"]["errors"] == group.count
