"""What the source samples in the contract suite: this very process."""

from __future__ import annotations

import psutil
import pytest

from chaos.plugin import Handles, ProcessRef


@pytest.fixture
def midnight_handles() -> Handles:
    me = psutil.Process()
    return Handles(processes={"api": (ProcessRef(me.pid, me.create_time()),)})
