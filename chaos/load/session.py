"""The session of a target opened: its calls made in order, and what they give for later requests."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.access import allowlist, route_secrets
from chaos.access.secrets import SecretReader
from chaos.errors import Refused
from chaos.load import values
from chaos.load.exchange import Exchange
from chaos.load.once import Sender, row_now, sample
from chaos.load.values import Row, Values
from chaos.record.redact import SHORTEST
from chaos.spec import jsonpath, templates
from chaos.spec.sessions import Call, Source
from chaos.spec.target import Target

TIMEOUT = 10.0  # seconds, of a call that states none
_ENDS = re.compile(r"(?:^|;)\s*max-age\s*=\s*(?:-\d|0+\s*(?:;|$))", re.I)


@dataclass(frozen=True, slots=True)
class Taken:
    """What later requests need: `headers` for each of them, and the `values` of names that were taken."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All text that was taken: it is masked."""
        return tuple(text for text in self.values.values() if isinstance(text, str) and len(text) >= SHORTEST)


def open(target: Target, base_url: str, headers: Mapping[str, str]) -> Taken:
    """Make the calls in order. `headers` are the driver's. Blocks.

    A header of the target is sent from the call on that has all names in it. Raises Refused, with the status and a
    masked part of the body, for the first call that gets no good answer, or whose answer lacks what is to be taken;
    UsageError for a missing secret.
    """
    secret, taken = SecretReader(), Taken(headers)
    own = route_secrets.headers(target.headers, "headers", secret)
    addresses = allowlist.addresses(allowlist.host_of(base_url), target.allow) if target.session else []
    for index, call in enumerate(target.session):
        filled = route_secrets.filled(call, f"session[{index}]", secret)
        where = f"session[{index}]: {call.method} {call.path}"
        sent = _headers(own, headers, taken.values)
        try:
            found = _made(filled, Sender(base_url, addresses, sent, taken.values))
        except Refused as error:
            raise Refused(f"{where}: {error}") from None
        taken = Taken(headers, {**taken.values, **found})
        secret.learn(*taken.secrets)
    return Taken(_headers(own, headers, taken.values), taken.values)


def _headers(
    templates_of: Mapping[str, str], headers: Mapping[str, str], taken: Mapping[str, Any]
) -> dict[str, str]:
    """The driver's headers, and the target's own over them."""
    prepared, row = Values(taken), Row(0)
    ours = {
        name: prepared.text(value, values.HEADER).text(row)
        for name, value in templates_of.items()
        if all(each.word in taken for each in templates.names(value))
    }
    barred = {name.lower() for name in ours}
    return {name: text for name, text in headers.items() if name.lower() not in barred} | ours


def _made(call: Call, sender: Sender) -> dict[str, Any]:
    """Make one call and return what is taken from its answer. Raises Refused."""
    exchange, _ = sender.send(call, row_now(), call.timeout or TIMEOUT)
    found = {}
    for name, source in call.take.items():
        value = _taken(source, exchange)
        if value is None or value == "":
            raise Refused(f"its answer has no {_shown(source)}, to take {name} from{sample(exchange)}")
        found[name] = value
    return found


def _taken(source: Source, exchange: Exchange) -> Any:
    """None if the answer does not have it. Lists and objects are not taken."""
    if source.json_path is not None:
        try:
            found = jsonpath.finder(source.json_path)(json.loads(exchange.body))
        except (ValueError, RecursionError):
            return None
        return found[0] if found and isinstance(found[0], str | int | float) else None
    if source.matches is not None:
        return _matched(source.matches, exchange)
    if source.header is not None:
        wanted = source.header.lower().encode()
        return next((value.decode("latin-1") for name, value in exchange.headers if name == wanted), None)
    return _kept(exchange, str(source.cookie))


def _kept(exchange: Exchange, cookie: str) -> str | None:
    """The cookie as a browser keeps it: of several fields of its name, the last one that does not delete it."""
    fields = (value for name, value in reversed(exchange.headers) if name == b"set-cookie")
    return next((value for each in fields if (value := _cookie(each, cookie))), None)


def _matched(pattern: str, exchange: Exchange) -> str | None:
    """The group. Of an HTML page, its character references are resolved, as a browser does before it sends a form."""
    found = re.search(pattern, exchange.body.decode(errors="replace"))
    text = (found[1] or "") if found else ""
    return html.unescape(text) if b"html" in exchange.type.lower() else text


def _cookie(field: bytes, name: str) -> str | None:
    """The value as the service wrote it: that is how it has to be sent back (RFC 6265, 5.2). None if it is of another
    name, or deleted."""
    pair, _, attributes = field.decode("latin-1").partition(";")
    found, sign, value = pair.partition("=")
    return value.strip() if sign and found.strip() == name and not _ENDS.search(attributes) else None


def _shown(source: Source) -> str:
    if source.json_path is not None:
        return source.json_path
    if source.matches is not None:
        return f"match of {source.matches}"
    return f"header {source.header}" if source.header is not None else f"cookie {source.cookie}"
