"""A client for the Toxiproxy control API. It makes calls and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from chaos.access import allowlist, secret_urls
from chaos.errors import ControlError, UsageError
from chaos.later import Later

if TYPE_CHECKING:
    from chaos.toxiproxy import consumer
else:
    consumer = Later("chaos.toxiproxy.consumer")

Stream = Literal["upstream", "downstream"]
TIMEOUT = 5.0  # seconds, each for connecting and for the answer

_DEFAULT_PORT = 8474


class ToxiproxyError(ControlError):
    """A call to a Toxiproxy server failed: names server, call and reason."""


@dataclass(frozen=True, slots=True)
class ToxicInfo:
    """One toxic on one stream of a proxy, as the server reports it."""

    name: str
    type: str
    stream: str
    toxicity: float  # the share of connections it acts on, 0 to 1
    attributes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ProxyInfo:
    """One proxy, as the server reports it."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[ToxicInfo, ...]


class Toxiproxy:
    """One Toxiproxy server, by the URL of its control API (http://HOST:PORT). Thread safe.

    Every method raises ToxiproxyError if the server is unreachable, does not answer within
    `timeout` seconds, or refuses.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(secret_urls.control_url(url, "Toxiproxy: the URL"))
        try:
            host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
        except ValueError:
            raise UsageError(
                "Toxiproxy: the URL: must be http://HOST:PORT, with a port below 65536"
            ) from None
        address = allowlist.in_url(host)
        self.url = f"http://{address}:{port}"
        self._address = (address, port, timeout)

    def version(self) -> str:
        """The server's version, e.g. "2.12.0", or "git" if built without one."""
        with self._calling("version"):
            return str(consumer.AddressedConsumer.get("/version").json()["version"])

    def proxies(self) -> dict[str, ProxyInfo]:
        """Return all proxies of the server, by name."""
        with self._calling("list the proxies"):
            told = consumer.AddressedConsumer.get("/proxies").json()
            return {str(name): _proxy_info(record) for name, record in told.items()}

    def proxy(self, name: str) -> ProxyInfo:
        with self._calling(f"read proxy {name!r}"):
            return _proxy_info(consumer.AddressedConsumer.get(f"/proxies/{_segment(name)}").json())

    def create(self, name: str, listen: str, upstream: str) -> ProxyInfo:
        """Create an enabled proxy. Both are HOST:PORT; for port 0, the answer has the port assigned."""
        with self._calling(f"create proxy {name!r}"):
            _segment(name)
            self._server.create(upstream=upstream, name=name, listen=listen, enabled=True)
        return self.proxy(name)

    def delete(self, name: str) -> None:
        with self._calling(f"delete proxy {name!r}"):
            self._server.destroy(self._handle(name))

    def enable(self, name: str) -> None:
        with self._calling(f"enable proxy {name!r}"):
            self._handle(name).enable()

    def disable(self, name: str) -> None:
        """Stop listening and close every connection through the proxy."""
        with self._calling(f"disable proxy {name!r}"):
            self._handle(name).disable()

    def lead_to(self, name: str, upstream: str) -> None:
        """Point the proxy to HOST:PORT. Closes every connection through it."""
        with self._calling(f"point proxy {name!r} to {upstream}"):
            consumer.AddressedConsumer.post(f"/proxies/{_segment(name)}", json={"upstream": upstream})

    def add_toxic(
        self,
        proxy: str,
        name: str,
        type: str,
        stream: Stream,
        attributes: Mapping[str, int],
        *,
        toxicity: float = 1.0,
    ) -> None:
        with self._calling(f"add toxic {name!r} ({type}) to proxy {proxy!r}"):
            _segment(name)
            self._handle(proxy).add_toxic(
                name=name, type=type, stream=stream, attributes=dict(attributes), toxicity=toxicity
            )

    def remove_toxic(self, proxy: str, name: str) -> None:
        with self._calling(f"remove toxic {name!r} from proxy {proxy!r}"):
            self._handle(proxy).destroy_toxic(_segment(name))

    def reset(self) -> None:
        """Enable all proxies of the server and remove all toxics."""
        with self._calling("reset"):
            self._server.reset()

    @cached_property
    def _server(self) -> Any:
        return consumer.Toxiproxy()

    def _handle(self, name: str) -> Any:
        # Built here, because the package would list all proxies to find one. Only the name is used.
        return consumer.Proxy(name=_segment(name), upstream="", enabled=True, listen="")

    @contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        token = consumer.call.set(consumer.Call(*self._address))
        try:
            yield
        # Transport errors of `requests` are OSErrors; an answer of another shape gives Value- or LookupError.
        except (*consumer.REFUSALS, OSError, ValueError, LookupError) as error:
            raise ToxiproxyError(f"Toxiproxy at {self.url}: {what}: {_reason(error)}") from error
        finally:
            consumer.call.reset(token)


def _segment(name: str) -> str:
    """Return the name as one path segment. Raises ValueError."""
    if not name or "/" in name:
        # The server would accept such a name, but then not find it at any URL, not even to delete it.
        raise ValueError("a name must not be empty or contain a slash")
    return quote(name, safe="")


def _proxy_info(record: Mapping[str, Any]) -> ProxyInfo:
    return ProxyInfo(
        name=record["name"],
        listen=record["listen"],
        upstream=record["upstream"],
        enabled=record["enabled"],
        toxics=tuple(_toxic_info(toxic) for toxic in record.get("toxics") or ()),
    )


def _toxic_info(record: Mapping[str, Any]) -> ToxicInfo:
    return ToxicInfo(
        name=record["name"],
        type=record["type"],
        stream=record["stream"],
        toxicity=record["toxicity"],
        attributes=record["attributes"],
    )


def _reason(error: Exception) -> str:
    # The server reports errors as the bytes of {"error": ..., "status": ...}; everything else is text.
    said: Any = error.args[0] if error.args else error
    try:
        return str(json.loads(said)["error"])
    except (TypeError, ValueError, LookupError):
        pass
    # `requests` wraps the system's message in several layers of its own.
    deepest: BaseException = error
    while (inner := deepest.__cause__ or deepest.__context__) is not None:
        deepest = inner
    system = deepest.strerror if isinstance(deepest, OSError) else None
    return system or str(said) or type(error).__name__
