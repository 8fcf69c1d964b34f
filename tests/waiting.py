"""What a test waits for, by asking and never by the clock."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from chaos.errors import ControlError

PATIENCE = 120.0  # seconds: a guard, for a machine with much else to do


def wait_until_listening(port: int) -> None:
    """Until something listens on this port of this machine."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # whoever will listen there gives no event
    pytest.fail(f"nothing listens on {port}")


def wait_until(
    holds: Callable[[], object],
    what: str | Callable[[], object] = "what is waited for",
    patience: float = PATIENCE,
) -> None:
    """Until it holds; a server that does not answer yet is asked again. The failure says `what`, or what it returns."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with suppress(ControlError, OSError):
            if holds():
                return
        time.sleep(0.05)  # whoever is asked says nowhere that it is ready
    pytest.fail(f"not within {patience:g} s: {what() if callable(what) else what}")
