"""Probes of parts that midnight did not start: databases, proxies, directories."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from chaos.access import allowlist
from chaos.plugin.handles import Proxy
from chaos.plugin.probe import Answer, Probe, no, yes
from chaos.postgres.signing_in import probe_administrator, probe_role, probe_through
from chaos.targets.attach.databases import ADMIN, Dsn
from chaos.toxiproxy import Toxiproxy

PATIENCE = 1.0  # seconds for a proxy to notice that its upstream is down


def probe_database(dsns: Sequence[Dsn], proxied: str, place: str) -> Iterator[Probe]:
    """Probe whether each role of a database can sign in; the first of `dsns` is the administrator's."""
    admin, *roles = dsns
    seen = list(probe_administrator(admin.whole(), f"{place}: {ADMIN}"))
    yield from seen
    for dsn in roles:
        yield from probe_role(dsn.whole(), f"{place}: dsns: {dsn.role}")
    if proxied and seen[0].answer is Answer.YES:
        yield from probe_through(admin.whole(), proxied, f"{place}: proxied")


def probe_proxy(proxy: Proxy, place: str, at: str = "") -> Iterator[Probe]:
    """Probe whether a proxy passes connections to its upstream; `at` (HOST:PORT) is its address from this machine."""
    what = f"{place}: leads to {proxy.upstream}"
    if not Toxiproxy(proxy.api).proxy(proxy.name).enabled:
        enable = f"curl -X POST {proxy.api}/proxies/{proxy.name} -d '{{\"enabled\": true}}'"
        yield no(what, "the proxy is disabled", f"enable it: {enable}")
        return
    host, _, port = (at or reached(proxy)).rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            leads = connection.recv(1) != b""  # Toxiproxy hangs up if its upstream is down
    except TimeoutError:
        leads = True  # the server waits for the client to speak first
    except OSError as error:
        yield no(
            what, f"{host}:{port}: {error.strerror or error}", "make its address reachable from this machine"
        )
        return
    yield yes(what) if leads else no(what, "it hangs up: its upstream is down", "correct its upstream")


def probe_writable(directory: Path, place: str) -> Iterator[Probe]:
    what = f"{place}: {directory} is writable"
    if os.access(directory, os.W_OK | os.X_OK):
        yield yes(what)
        return
    owner = directory.owner() if directory.stat().st_uid else "root"
    yield no(what, "no write permission for this user", f"run midnight as {owner}, or grant it write access")


def reached(proxy: Proxy) -> str:
    """The proxy's address from this machine: one that listens on all addresses is reached at its control API's host."""
    host, _, port = proxy.listen.rpartition(":")
    everywhere = host.strip("[]") in {"", "0.0.0.0", "::"}
    return f"{allowlist.host_of(proxy.api) if everywhere else host.strip('[]')}:{port}"
