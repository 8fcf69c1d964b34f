"""Where a server of midnight's own listens, as given on the command line."""

from __future__ import annotations

from chaos.errors import UsageError


def host_and_port(option: str, address: str, example: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[::1]:PORT` or `:PORT` (this machine only). Raises UsageError, which names the
    option and the example."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"{option} {address}: must be HOST:PORT, such as {example}")
    return host.strip("[]") or "127.0.0.1", int(port)
