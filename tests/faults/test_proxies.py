"""A proxy's server that is not reached is only taken for gone when it is."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from chaos.errors import UndoError
from chaos.faults.shared import proxies
from chaos.host.ports import free_port
from tests.accepting import accepting


@pytest.fixture
def breaking() -> Iterator[int]:
    """The port of a server that takes a connection and resets it, as one does that is cut off."""

    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with accepting(reset) as port:
        yield port


def test_a_server_that_no_longer_listens_has_nothing_left_to_undo() -> None:
    undo = {"api": f"http://127.0.0.1:{free_port()}", "proxy": "database"}
    assert proxies.remove_toxics(undo, ["slow"]) == {"proxy": "database", "server": "gone"}
    assert proxies.enable(undo) == {"proxy": "database", "server": "gone"}


def test_a_server_that_drops_connections_is_not_treated_as_gone(breaking: int) -> None:
    undo = {"api": f"http://127.0.0.1:{breaking}", "proxy": "database"}
    with pytest.raises(UndoError, match="by hand: curl -X DELETE"):
        proxies.remove_toxics(undo, ["slow"])
    with pytest.raises(UndoError, match="by hand: curl -X POST"):
        proxies.enable(undo)
