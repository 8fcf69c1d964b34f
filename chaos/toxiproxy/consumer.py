"""The HTTP consumer of the package `toxiproxy`, replaced. Slow to import: it imports `requests`."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

import toxiproxy.proxy
import toxiproxy.server
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists
from toxiproxy.proxy import Proxy
from toxiproxy.server import Toxiproxy

__all__ = ["REFUSALS", "AddressedConsumer", "Call", "Proxy", "Toxiproxy", "call"]


@dataclass(frozen=True, slots=True)
class Call:
    host: str
    port: int
    timeout: float


call: ContextVar[Call] = ContextVar("call")


class Refusal(Exception):
    pass


REFUSALS = (ProxyExists, NotFound, InvalidToxic, Refusal)


class AddressedConsumer(APIConsumer):  # type: ignore[misc]
    """The package's only HTTP consumer, made to look up the calling client.

    The package keeps the address in class attributes, one for the whole process, and sets no timeout
    for `requests`. Here a context variable carries both per call, so that several threads can use
    several servers, and no call waits for ever.
    """

    @classmethod
    def get(cls, url: str, params: Any = None, **options: Any) -> Any:
        return cls._sent("get", url, params=params, **options)

    @classmethod
    def post(cls, url: str, data: Any = None, **options: Any) -> Any:
        return cls._sent("post", url, data=data, **options)

    @classmethod
    def delete(cls, url: str, **options: Any) -> Any:
        return cls._sent("delete", url, **options)

    _direct: ClassVar[dict[str, None]] = {"http": None, "all": None}

    @classmethod
    def _sent(cls, verb: str, url: str, **options: Any) -> Any:
        calling = call.get()
        here = type("Consumer", (APIConsumer,), {"host": calling.host, "port": calling.port})
        # Connect directly: ignore HTTP_PROXY and the like.
        # A redirect would lead to a host that is not on the allowlist.
        options |= {"timeout": calling.timeout, "proxies": cls._direct, "allow_redirects": False}
        response = getattr(here, verb)(url, **options)
        # The package raises only for 400, 404 and 409, and takes any other error for success.
        if response.status_code >= 300:
            raise Refusal(response.content)
        return response


# Where the package's own classes look for their consumer.
toxiproxy.server.APIConsumer = AddressedConsumer
toxiproxy.proxy.APIConsumer = AddressedConsumer
