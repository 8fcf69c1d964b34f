"""Addresses in a target file: names of the driver's addresses replaced, hosts looked up."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chaos.access import allowlist
from chaos.errors import Refused
from chaos.spec.gauges import named_in
from chaos.spec.near import instead


def check(address: str, where: str, allow: Collection[str]) -> None:
    """Look up the host that the file itself names, before the target is up. Raises Refused if it is not allowed."""
    if address and named_in(address) is None:
        allowlist.addresses_at(where, allowlist.host_of(address), allow)


def found(address: str, where: str, known: Mapping[str, str], allow: Collection[str]) -> str:
    """The URL of an address of a target that is up; empty if it is. `known`: the driver's, by name. Raises Refused for
    a name that is not among them, and for a host that is not allowed."""
    if not address:
        return ""
    name, url = named_in(address), address
    if name is not None:
        if not known.get(name):
            raise Refused(f"{where}: {{{name}}} is not an address of this target; {instead(name, known)}")
        url = known[name].rstrip("/") + address.removeprefix(f"{{{name}}}")
    allowlist.addresses_at(where, allowlist.host_of(url), allow)
    return url
