"""The `gauges` of a target file, ready to be read: secrets filled in, hosts looked up, names of addresses replaced."""

from __future__ import annotations

from chaos.access import addresses
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.plugin.handles import GaugeSource, Handles
from chaos.spec.gauges import Reading
from chaos.spec.near import instead
from chaos.spec.target import Target
from chaos.targets.attach import databases


def check(target: Target) -> None:
    """Read every secret, and look up every host that the file itself names.

    Raises UsageError for a secret that is missing, and Refused for a host that is not allowed.
    """
    secret = SecretReader()
    for index, reading in enumerate(target.gauges):
        where = f"gauges[{index}]"
        _headers(reading, where, secret)
        _dsn(reading, where, secret, target)
        addresses.check(reading.address, where, target.allow)


def found(target: Target, handles: Handles) -> tuple[GaugeSource, ...]:
    """Where the gauges of a target that is up are read. Raises UsageError, Refused."""
    secret, sources = SecretReader(), []
    for index, reading in enumerate(target.gauges):
        where = f"gauges[{index}]"
        url = addresses.found(reading.address, where, handles.urls, target.allow)
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
