"""What the load process is told: one JSON line on its standard input."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from chaos.errors import Refused
from chaos.target import Route
from chaos.units import Positive
from chaos.yamlfile import Model

MOST_HITS = 20_000_000
"""A schedule beyond this is refused: 800 MB of hits, and a mistake in a file more likely than a wish."""


class LoadSpec(Model):
    """The requests to send, and where to record them.

    `hits` is the table made by `hits.create`; its `due` times count from the zero of the schedule until the
    load is told to go, and from the run's start afterwards.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://[^/]+")]
    hits: Path
    instrument: Path
    clock_zero: float  # time.monotonic() at the run's start
    seed: Annotated[int, Field(ge=0)]
    routes: tuple[Route, ...] = Field(min_length=1)  # in the order of the route codes
    timeouts: tuple[Positive, ...]  # seconds, by route code
    allow_hosts: tuple[str, ...] = ()  # hosts beyond this machine that may be aimed at

    @model_validator(mode="after")
    def _one_timeout_each(self) -> Self:
        if len(self.routes) != len(self.timeouts):
            raise ValueError(f"{len(self.routes)} routes have {len(self.timeouts)} timeouts")
        return self

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""


def addresses(spec: LoadSpec) -> list[str]:
    """The addresses of the host to aim at, looked up once. Raises Refused for any beyond this machine.

    Loopback (127.0.0.0/8 and ::1) is always allowed, any other host only when `allow_hosts` names it.
    """
    try:
        found = socket.getaddrinfo(spec.host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused(f"load: {spec.host!r} has no address: {error}") from error
    result = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    beyond = [text for text in result if not ipaddress.ip_address(text).is_loopback]
    if beyond and spec.host not in spec.allow_hosts:
        raise Refused(
            f"load: {spec.host!r} ({beyond[0]}) is not this machine, and allow_hosts does not name it"
        )
    return result


def check_size(hits: int) -> None:
    """Raises Refused for a schedule of more than `MOST_HITS` requests."""
    if hits > MOST_HITS:
        raise Refused(f"load: {hits} requests are more than the {MOST_HITS} that one run may send")
