"""Find the engine and connect to it; every failure is one line with its remedy."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chaos.access import allowlist
from chaos.errors import ControlError, ToolMissing
from chaos.later import requests
from chaos.plugin.handles import EngineAt
from chaos.record import redact

if TYPE_CHECKING:
    from docker import DockerClient

log = logging.getLogger(__name__)

NAME = "Docker Engine"
OLDEST = (1, 41)  # of its API: Docker Engine 20.10, the first to distinguish cgroup v1 and v2
TIMEOUT = 30.0  # seconds, for each answer
_DEFAULT = "unix:///var/run/docker.sock"
_SOCKETS = ("unix", "http+unix", "npipe")  # of this machine, and without TLS


def to_json(at: EngineAt) -> dict[str, str | None]:
    return {"url": at.url, "certs": at.certs}


def from_json(record: Mapping[str, Any]) -> EngineAt:
    return EngineAt(record["url"], record["certs"])


def find() -> EngineAt:
    """The engine that the Docker client would use here: DOCKER_HOST, else its context. Raises ToolMissing."""
    if host := os.environ.get("DOCKER_HOST"):
        _refuse_password(host)
        log.debug("DOCKER_HOST names the engine: %s", host)
        verify = os.environ.get("DOCKER_TLS_VERIFY") and not _is_socket(host)
        return EngineAt(host, _certs_of_environment() if verify else None)
    require_sdk()
    from docker.context import ContextAPI
    from docker.errors import ContextException

    name = os.environ.get("DOCKER_CONTEXT") or None
    try:
        context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    except (ContextException, OSError, ValueError) as error:
        raise _missing(
            f"context {name or 'in use'!r}: {error}", "list them with: docker context ls"
        ) from None
    if context is None:
        raise _missing(f"no context {name!r}", "list them with: docker context ls")
    at = EngineAt(str(context.Host or _DEFAULT), _certs_of(context))
    log.debug("DOCKER_HOST is not set; context %s leads to %s", name or "in use", at.url)
    return at


def ping(at: EngineAt) -> dict[str, Any]:
    """The engine's version info (`Version`, `ApiVersion`, `Os` ...). Raises ToolMissing with the remedy."""
    try:
        with connected(at, timeout=5.0) as client:
            said: dict[str, Any] = client.version()
    except ControlError as error:
        raise _missing(*_why(at, error)) from error
    refuse_old(at, said)
    return said


def require_here(at: EngineAt) -> None:
    """Raises ToolMissing for an engine on another machine: its ports are published there, but used here."""
    host = urlsplit(at.url if "//" in at.url else f"//{at.url}").hostname or "localhost"
    if not _is_socket(at.url) and allowlist.is_foreign(host, ()):
        because = f"{at.url} is on another machine, and load, logins and proxies would be aimed at this one"
        raise _missing(because, "unset DOCKER_HOST, or type: docker context use default")


def refuse_old(at: EngineAt, said: Mapping[str, Any]) -> None:
    """Raises ToolMissing if the engine reports an API older than the one required here."""
    api = str(said.get("ApiVersion", "0.0"))
    if tuple(int(number) for number in api.split(".")) < OLDEST:
        because = f"{at.url} speaks API {api}; {OLDEST[0]}.{OLDEST[1]} or later is required"
        raise _missing(because, "install Docker Engine 20.10 or later")


@contextmanager
def connected(at: EngineAt, timeout: float = TIMEOUT) -> Iterator[DockerClient]:
    """A client of the engine. Raises ControlError, ToolMissing; a refusal by the engine is a ControlError."""
    docker = require_sdk()
    from docker.errors import DockerException

    client, begun = None, time.monotonic()
    try:
        client = docker.DockerClient(base_url=at.url, version="auto", timeout=timeout, tls=_tls(at))
        if log.isEnabledFor(logging.DEBUG):
            _log_requests(client, at, (time.monotonic() - begun) * 1e3)
        yield client
    except (DockerException, requests.RequestException) as error:
        log.debug("%s: %s", at.url, reason(error))
        raise ControlError(f"{NAME} at {at.url}: {reason(error)}") from error
    finally:
        if client is not None:
            client.close()


def _log_requests(client: DockerClient, at: EngineAt, took: float) -> None:
    """Log each request: method, path, status and time. Bodies, which may hold an environment, are left out."""

    def answered(answer: requests.Response, *_: object, **__: object) -> None:
        asked, ms = answer.request, answer.elapsed.total_seconds() * 1e3
        log.debug("%s %s: %d after %.0f ms", asked.method, asked.path_url, answer.status_code, ms)

    log.debug("connected to %s, API %s, after %.0f ms", at.url, client.api.api_version, took)
    client.api.hooks["response"].append(answered)


def reason(error: BaseException) -> str:
    """The error in the engine's or the system's own words, on one line."""
    explanation = getattr(error, "explanation", None)
    if explanation:
        text = explanation.decode() if isinstance(explanation, bytes) else str(explanation)
        return " ".join(text.split())
    deepest: BaseException = error
    while (inner := deepest.__cause__ or deepest.__context__) is not None:
        deepest = inner
    system = deepest.strerror if isinstance(deepest, OSError) else None
    return " ".join(str(system or error or type(error).__name__).split())


def _why(at: EngineAt, error: ControlError) -> tuple[str, str]:
    said = str(error)
    if "Permission denied" in said:
        return f"{at.url} denied access", "join its group: sudo usermod -aG docker $USER, and log in again"
    if "too old" in said or "minimum supported" in said.lower():
        return said, "install Docker Engine 20.10 or later"
    return (
        f"{at.url} cannot be reached ({said.rpartition(': ')[2]})",
        "start it, or set DOCKER_HOST to another one",
    )


def _missing(because: str, remedy: str) -> ToolMissing:
    return ToolMissing(NAME, because, remedy)


def require_sdk() -> Any:
    """The Docker SDK. Raises ToolMissing."""
    try:
        import docker
    except ImportError:
        raise ToolMissing(
            "Docker SDK", "it is not installed", "type: pip install 'midnight-chaos[docker]'"
        ) from None
    return docker


def _refuse_password(url: str) -> None:
    """Raises ToolMissing for a user or password in an engine's address: it would end up in every undo."""
    userinfo, at, _ = url.rpartition("@")
    if at:
        redact.known.learn([userinfo.partition("//")[2] or userinfo])
    if at and not url.startswith("ssh://"):
        raise _missing(
            "DOCKER_HOST contains a user or a password", "use client certificates: DOCKER_TLS_VERIFY=1"
        )


def _is_socket(url: str) -> bool:
    return urlsplit(url).scheme in _SOCKETS


def _tls(at: EngineAt) -> Any:
    if at.certs is None:
        return False
    from docker.tls import TLSConfig

    place = at.certs
    pair = (f"{place}/cert.pem", f"{place}/key.pem")
    return TLSConfig(client_cert=pair, ca_cert=f"{place}/ca.pem", verify=True)


def _certs_of_environment() -> str:
    """The Docker client's certificate directory: beside its settings, unless set otherwise."""
    given = os.environ.get("DOCKER_CERT_PATH") or os.environ.get("DOCKER_CONFIG")
    return given or str(Path.home() / ".docker")


def _certs_of(context: Any) -> str | None:
    files = getattr(context, "tls_cfg", None) or {}
    config = files.get("docker") if isinstance(files, dict) else None
    ca = getattr(config, "ca_cert", None)
    return str(Path(ca).parent) if ca else None
