"""The probe of `bandwidth` keeps nobody waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from chaos.faults.bandwidth import Bandwidth, BandwidthParams
from chaos.handles import Database, Handles, Proxy
from chaos.host.ports import free_port


@pytest.fixture
def silent() -> Iterator[str]:
    """A listener that nothing ever comes from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_hold_that_is_ended_waits_for_no_answer(silent: str) -> None:
    proxy = Proxy(f"http://127.0.0.1:{free_port()}", "database", silent, silent)
    database = Database("", {"crowd": "host=127.0.0.1 user=crowd dbname=x"}, silent)
    fault = Bandwidth(
        BandwidthParams(), Handles(proxies={"database": proxy}, databases={"primary": database}), "run/step"
    )
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    held = fault.hold(60.0, stop)
    assert time.monotonic() - begun < 5.0
    assert held.dose["answer_seconds"] == 0.0 and held.evidence["asked"] == "no answer came in time"
