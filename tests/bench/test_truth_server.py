"""The server answers after its delay and not before, and records every answer it gave."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import numpy as np

from bench.truth import TruthServer
from bench.workshop import Workshop

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def connect(server: TruthServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=10)


def ask(connection: socket.socket, pieces: list[bytes]) -> bytes:
    for piece in pieces:
        connection.sendall(piece)
    answer = b""
    while not answer.endswith(b"\r\n\r\n{}"):
        answer += connection.recv(4096)
    return answer


def test_every_answer_comes_after_the_delay_and_is_recorded(shop: Workshop) -> None:
    with shop.serving(0.005) as server, connect(server) as first, connect(server) as second:
        for connection in (first, second, first):
            assert ask(connection, [REQUEST]).startswith(b"HTTP/1.1 200 OK\r\n")
        truth = server.take()
        assert len(truth.arrived) == 3
        assert (truth.answered - truth.arrived >= 0.005).all()
        assert (np.diff(truth.arrived) > 0).all()
        assert len(server.take().arrived) == 0


def test_a_request_in_pieces_is_one_and_two_at_once_are_two(shop: Workshop) -> None:
    with shop.serving(0.0) as server, connect(server) as connection:
        ask(connection, [REQUEST[:7], REQUEST[7:-2], REQUEST[-2:]])
        connection.sendall(REQUEST * 2)
        answers = b""
        while answers.count(b"{}") < 2:
            answers += connection.recv(4096)
        assert len(server.take().arrived) == 3


def test_a_stalled_server_accepts_requests_and_answers_none(shop: Workshop) -> None:
    with shop.serving(0.0) as server, connect(server) as connection:
        server.stall(0.0, 0.3)
        ask(connection, [REQUEST])
        ask(connection, [REQUEST])
        truth = server.take()
        assert truth.answered[0] - truth.arrived[0] >= 0.3
        assert truth.answered[1] >= truth.answered[0]


def test_a_client_that_leaves_before_its_answer_disturbs_no_other(shop: Workshop) -> None:
    with shop.serving(0.02) as server:
        with connect(server) as gone:
            gone.sendall(REQUEST)
        with connect(server) as connection:
            ask(connection, [REQUEST])
        assert 1 <= len(server.take().arrived) <= 2
