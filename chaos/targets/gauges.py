"""The `gauges` of a target file, ready to be read: secrets filled in, hosts looked up, names of addresses replaced."""

from __future__ import annotations

from chaos.access import allowlist
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.plugin.handles import GaugeSource, Handles
from chaos.spec.gauges import Reading, named_in
from chaos.spec.near import instead
from chaos.spec.target import Target
from chaos.targets.attach import databases

BASE_URL = "base_url"  # every driver has it


def check(target: Target) -> None:
    """Read every secret, and look up every host that the file itself names.

    Raises UsageError for a secret that is missing, and Refused for a host that is not allowed.
    """
    secret = SecretReader()
    for index, reading in enumerate(target.gauges):
        where = f"gauges[{index}]"
        _headers(reading, where, secret)
        _dsn(reading, where, secret, target)
        if reading.address and named_in(reading.address) is None:
            allowlist.addresses_at(where, allowlist.host_of(reading.address), target.allow)


def found(target: Target, handles: Handles) -> tuple[GaugeSource, ...]:
    """Where the gauges of a target that is up are read. Raises UsageError, Refused."""
    secret, sources = SecretReader(), []
    for index, reading in enumerate(target.gauges):
        where = f"gauges[{index}]"
        url = _url(reading, where, handles)
        if url:
            allowlist.addresses_at(where, allowlist.host_of(url), target.allow)
        headers = _headers(reading, where, secret)
        dsn, asked = _dsn(reading, where, secret, target), reading.database
        if asked is not None:
            if asked not in handles.databases:
                raise UsageError(f"{where}: database: {instead(asked, handles.databases)}")
            dsn = handles.databases[asked].admin_dsn
        for query, must, may in reading.parts():
            shown = url or f"{query.strip().splitlines()[0]} ({asked or reading.dsn})"
            sources.append(
                GaugeSource(reading.kind, shown, url, headers, dsn, query, must, may, reading.preset or "")
            )
    return tuple(sources)


def _url(reading: Reading, where: str, handles: Handles) -> str:
    name = named_in(reading.address)
    if name is None:
        return reading.address
    known = {BASE_URL: handles.base_url, **handles.addresses}
    if not known.get(name):
        raise UsageError(f"{where}: {{{name}}} is no address of this target; {instead(name, known)}")
    return known[name].rstrip("/") + reading.address.removeprefix(f"{{{name}}}")


def _headers(reading: Reading, where: str, secret: SecretReader) -> dict[str, str]:
    return {
        name: secret.header(given, f"{where}: headers: {name}") for name, given in reading.headers.items()
    }


def _dsn(reading: Reading, where: str, secret: SecretReader, target: Target) -> str:
    """The connection string of `dsn`, pinned to one address; empty without one."""
    if reading.dsn is None:
        return ""
    place = f"{where}: dsn"
    return databases.aimed("dsn", secret.connection(reading.dsn, place), place, target.allow).whole()
