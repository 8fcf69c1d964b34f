"""Imported routes as text of a target file: a key a line, with a comment on each route."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from chaos.imports.imported import BODIES, Imported, ImportedRoute, Rate, counted, one_line, secrets_of
from chaos.spec.units import show_seconds

_HERE = ("127.0.0.1", "::1", "localhost")
UNKNOWN = "http://127.0.0.1:8000"
"""The address of a service of which none is known."""

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*|[a-z]+://[A-Za-z0-9_./:-]*[A-Za-z0-9_/]")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_LONGEST_KEY, _MOST_DEEP = 200, 20


def target(imported: Imported, name: str, named: Mapping[str, ImportedRoute]) -> str:
    """A whole target file."""
    url = imported.base_url or ""
    host = urlsplit(url).hostname if "://" in url else None
    lines = [
        *about(imported, named),
        "",
        f"name: {name}",
        f"title: {value(f'Requests of {one_line(imported.file, 80)}')}",
        "driver: attach",
        "# consent: {owner: WHO AGREES, until: YYYY-MM-DD}   # needed before anything is loaded",
        *(
            []
            if host is None or host in _HERE
            else [f"# allow: [{value(host)}]   # not this machine: only if its owner agrees"]
        ),
        "routes:",
        *routes(named),
        "options:",
        f"  base_url: {value(_base(url))}{'' if host else '   # not on record: where your service listens'}",
    ]
    return "\n".join(lines) + "\n"


def about(imported: Imported, named: Mapping[str, ImportedRoute]) -> Iterator[str]:
    """Comments: where the routes are from, what was left out, mix, rates and secrets."""
    yield _comment(
        f"Written by `midnight import {imported.kind}` from {imported.file}: {counted(len(named), 'route')}."
    )
    yield from (_comment(f"Left out: {each}") for each in imported.left_out)
    yield from (_comment(f"Note: {each}") for each in imported.notes)
    yield from rates(imported)
    yield f"# Mix, for an experiment: {value(mix(named))}"
    if secrets := secrets_of(imported, named.values()):
        yield "# What looks like a secret was not written. Set these variables, or remove the lines that use them:"
        yield from (_comment(f"  {variable}: {where}") for variable, where in secrets.items())


def rates(imported: Imported) -> Iterator[str]:
    for what, rate in (("Night", imported.night), ("Day", imported.day)):
        if rate is not None:
            yield _comment(f"{what} rate: {shown_rate(rate)} requests per second ({rate.because})")


def shown_rate(rate: Rate) -> str:
    return f"{max(rate.per_second, 0.01):.3g}" if rate.per_second < 1000 else f"{rate.per_second:.0f}"


def mix(named: Mapping[str, ImportedRoute]) -> dict[str, float]:
    """The weight of each route that is loaded."""
    found = {name: each.weight for name, each in named.items() if not each.off}
    return {
        name: int(weight) if weight == int(weight) else round(weight, 3) for name, weight in found.items()
    }


def routes(named: Mapping[str, ImportedRoute], indent: str = "  ", step: str = "  ") -> Iterator[str]:
    """Lines of the mapping `routes`; a route that is off is a comment."""
    for name, route in named.items():
        yield from (f"{indent}{_comment(note)}" for note in route.notes)
        if route.off:
            yield f"{indent}{_comment(f'off: {route.off}')}"
        mark = "# " if route.off else ""
        yield f"{indent}{mark}{name}:"
        yield from (f"{indent}{mark}{step}{key}: {text}" for key, text in _keys(route))


def _keys(route: ImportedRoute) -> Iterator[tuple[str, str]]:
    if route.method != "GET":
        yield "method", value(route.method)
    yield "path", value(route.path)
    if route.items > 1:
        yield "items", str(route.items)
    for key in ("query", "headers", "cookies"):
        given = getattr(route.request, key)
        if given:
            yield key, value(given)
    for key in BODIES:
        if key in route.request.body:
            yield key, value(route.request.body[key])
    if route.timeout is not None:
        yield "timeout", show_seconds(route.timeout).replace(" ", "")
    expect: dict[str, Any] = {"status": list(route.statuses)} if route.statuses else {}
    if route.contains:
        expect["contains"] = list(route.contains)
    if expect:
        yield "expect", value(expect)
    if route.ledger:
        yield "ledger", value(route.ledger)


def value(given: Any) -> str:
    """A value as YAML on one line. (ruamel writes some line separators unescaped, and reads them as spaces.)"""
    if isinstance(given, Mapping):
        return f"{{{', '.join(map(_pair, given.items()))}}}"
    if isinstance(given, list | tuple):
        return f"[{', '.join(map(value, given))}]"
    if isinstance(given, str):
        return given if _PLAIN.fullmatch(given) and given.lower() not in _WORDS else _quoted(given)
    return json.dumps(given)


def _pair(pair: tuple[Any, Any]) -> str:
    key = value(str(pair[0]))
    return f"{'? ' * (len(key) > _LONGEST_KEY)}{key}: {value(pair[1])}"


def _quoted(text: str) -> str:
    """In double quotes. Brackets that do not match are escaped, too: a file with too many is refused unread."""
    written = json.dumps(text, ensure_ascii=False)
    shown = "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)
    return shown if _matching(shown) else re.sub(r"[\[\]{}]", lambda found: f"\\x{ord(found[0]):02x}", shown)


def _matching(text: str) -> bool:
    depth = deepest = 0
    for char in text:
        depth += (char in "[{") - (char in "]}")
        deepest = max(deepest, depth, -depth * _MOST_DEEP)
    return depth == 0 and deepest < _MOST_DEEP


def _base(url: str) -> str:
    if not url:
        return UNKNOWN
    return f"{UNKNOWN}{url if url.startswith('/') else ''}" if "://" not in url else url


def _comment(text: str) -> str:
    shown = one_line(text, 300)
    return f"# {shown if _matching(shown) else re.sub(r'[][{}]', '?', shown)}"
