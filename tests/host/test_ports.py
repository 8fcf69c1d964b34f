"""Ports to listen on: free, and not of those that outgoing connections are given."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from chaos.host import ports
from chaos.host.ports import free_port


def test_a_free_port_is_outside_the_range_of_outgoing_connections() -> None:
    first, last = (int(word) for word in ports.EPHEMERAL.read_text().split())
    if first <= ports.LOWEST and last >= ports.HIGHEST:
        pytest.skip("every port of this machine is for outgoing connections")
    assert not any(first <= free_port() <= last for _ in range(20))


def test_an_ephemeral_port_is_given_if_every_port_is_ephemeral(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = tmp_path / "range"
    everything.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "EPHEMERAL", everything)
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] > 0


def test_a_port_in_use_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_listening_ports", lambda: [taken, free])
        assert {free_port() for _ in range(10)} == {free}
