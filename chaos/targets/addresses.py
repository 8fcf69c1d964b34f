"""Addresses in a target file: names of the driver's addresses replaced, hosts looked up."""

from __future__ import annotations

from chaos.access import allowlist
from chaos.errors import UsageError
from chaos.plugin.handles import Handles
from chaos.spec.gauges import named_in
from chaos.spec.near import instead
from chaos.spec.target import Target

BASE_URL = "base_url"  # every driver has it


def check(address: str, where: str, target: Target) -> None:
    """Look up the host that the file itself names, before the target is up. Raises Refused if it is not allowed."""
    if address and named_in(address) is None:
        allowlist.addresses_at(where, allowlist.host_of(address), target.allow)


def found(address: str, where: str, target: Target, handles: Handles) -> str:
    """The URL of an address of a target that is up; empty if it is. Raises UsageError, Refused."""
    if not address:
        return ""
    name, url = named_in(address), address
    if name is not None:
        known = {BASE_URL: handles.base_url, **handles.addresses}
        if not known.get(name):
            raise UsageError(f"{where}: {{{name}}} is no address of this target; {instead(name, known)}")
        url = known[name].rstrip("/") + address.removeprefix(f"{{{name}}}")
    allowlist.addresses_at(where, allowlist.host_of(url), target.allow)
    return url
