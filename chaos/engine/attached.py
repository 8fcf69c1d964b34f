"""A program in a container with its standard streams: the subset of `subprocess.Popen` needed here."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING, Any

from chaos.engine.client import connected
from chaos.errors import ControlError
from chaos.later import requests
from chaos.plugin.handles import ContainerRef

if TYPE_CHECKING:
    from docker import DockerClient

_OUT = 1  # the stream of a frame: standard output, else the error stream
_ERRORS = 65_536  # bytes of the error stream that are kept: the last
_POLL = 0.05  # seconds between polls of a program whose streams have ended


class _Stdin:
    """The write end of a hijacked connection; closing it is the program's end of file."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)


class Attached:
    """Owns the connection until it is closed; when the connection ends, the program gets end of file."""

    pid = 0  # on this machine: unknown

    def __init__(
        self,
        resources: ExitStack,
        stream: Any,
        code: Callable[[], int | None],
        kill: Callable[[], None],
        *,
        joined: bool = False,
    ) -> None:
        """`joined`: its error stream is part of its output."""
        self._resources, self._code, self._kill = resources, code, kill
        self._joined = joined
        connection = getattr(stream, "_sock", stream)
        connection.settimeout(None)  # a program may be silent for long
        self.stdin: Any = _Stdin(connection)
        read, self._write = os.pipe()
        self.stdout: IO[bytes] = os.fdopen(read, "rb", buffering=0)
        self._errors = bytearray()
        self.returncode: int | None = None
        self._reader = threading.Thread(target=self._pump, args=(stream,), daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        if self.returncode is None and not self._reader.is_alive():
            self.returncode = self._code()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired("a program in a container", timeout or 0.0)
            self._reader.join(_POLL)
            time.sleep(_POLL if not self._reader.is_alive() else 0.0)
        return code

    def kill(self) -> None:
        self._kill()

    def communicate(self, *, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Close its standard input, wait, and return the rest of its output. Raises subprocess.TimeoutExpired."""
        self.stdin.close()
        found = bytearray()
        collector = threading.Thread(target=lambda: found.extend(self.stdout.read()), daemon=True)
        collector.start()
        self.wait(timeout)
        collector.join(5.0)
        self.close()
        return bytes(found), bytes(self._errors)

    def close(self) -> None:
        self._resources.close()

    def _pass_on(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._write, data) :]

    def _pump(self, stream: Any) -> None:
        from docker.utils.socket import frames_iter

        try:
            for kind, data in frames_iter(stream, tty=False):  # type: ignore[no-untyped-call]
                if kind == _OUT or self._joined:
                    self._pass_on(data)
                else:
                    self._errors = (self._errors + data)[-_ERRORS:]
        except (OSError, ValueError):  # the engine went away, or the connection was closed here
            pass
        finally:
            os.close(self._write)


def execute(
    ref: ContainerRef, argv: Sequence[str], *, env: dict[str, str], cwd: str | None = None, user: str = ""
) -> Attached:
    """Start a program in a running container, as its own or the given user and within its limits. It has no standard
    input, and both of its streams are its output. Raises ControlError.
    """
    resources, client = _open(ref)
    try:
        made = client.api.exec_create(
            ref.id, list(argv), stdout=True, stderr=True, environment=env, workdir=cwd, user=user
        )["Id"]
        stream = client.api.exec_start(made, socket=True)
    except BaseException as error:
        resources.__exit__(type(error), error, error.__traceback__)
        raise

    def code() -> Any:
        return _quietly(lambda: client.api.exec_inspect(made)["ExitCode"])

    return Attached(resources, stream, code, lambda: None, joined=True)


def attach_and_start(ref: ContainerRef) -> Attached:
    """Start a created container, attached to its streams from the first byte. Raises ControlError."""
    resources, client = _open(ref)
    try:
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        stream = client.api.attach_socket(ref.id, params=wanted)
        client.api.start(ref.id)
    except BaseException as error:
        resources.__exit__(type(error), error, error.__traceback__)
        raise

    def code() -> int | None:
        state = client.api.inspect_container(ref.id)["State"]
        return None if state["Status"] in {"created", "running"} else int(state["ExitCode"])

    def kill() -> None:
        _quietly(lambda: client.api.kill(ref.id))

    return Attached(resources, stream, lambda: _quietly(code), kill)


def _open(ref: ContainerRef) -> tuple[ExitStack, DockerClient]:
    resources = ExitStack()
    return resources, resources.enter_context(connected(ref.engine))


def _quietly(ask: Callable[[], Any]) -> Any:
    """The exit code, or a fixed one if the program is gone with its container."""
    from docker.errors import DockerException

    try:
        return ask()
    except (DockerException, requests.RequestException, ControlError):
        return -1
