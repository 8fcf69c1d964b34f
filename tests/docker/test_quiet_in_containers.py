"""A quiet point of a service in a container: its processes, and none that run beside them for a moment."""

from __future__ import annotations

import pytest

from chaos.plugin.handles import Handles
from chaos.run.quiet import Quiet
from chaos.spec.rounds import Round, Rounds
from chaos.spec.target import Target
from tests.docker.conftest import Victim

pytestmark = pytest.mark.real


def test_a_job_and_a_health_check_in_the_container_are_not_the_services_processes(victim: Victim) -> None:
    handles = Handles(base_url="http://127.0.0.1:1", containers={"api": (victim.ref,)})
    target = Target.model_validate({"name": "shop", "driver": "docker", "title": "A shop"})
    quiet = Quiet(Rounds(), handles, target, lambda _: {})
    before = quiet.point(Round("before", 0, 0.0, 0.0), 0.0)
    victim.container.exec_run(["sleep", "600"], detach=True)
    assert len(victim.container.top()["Processes"]) == 2
    after = quiet.point(Round("after", 0, 0.0, 0.0), 0.0)
    pids = [[each["pid"] for each in point.processes] for point in (before, after)]
    victim.container.reload()
    assert pids[0] == pids[1] == [victim.container.attrs["State"]["Pid"]]
    assert before.unread == after.unread == ()
