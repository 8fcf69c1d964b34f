"""What a test waits for, by asking and never by the clock."""

from __future__ import annotations

import socket
import time

import pytest


def wait_until_listening(port: int) -> None:
    """Until something listens on this port of this machine."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # whoever will listen there gives no event
    pytest.fail(f"nothing listens on {port}")
