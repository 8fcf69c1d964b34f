"""Path templates: numbers, UUIDs, hashes and tokens in a recorded path become names that are filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from chaos.imports.tokens import is_secret_itself

ITEM, UUID = "{item}", "{uuid}"

_EXTENSION = r"(\.[A-Za-z][A-Za-z0-9]{0,4})?"
_NUMBER = re.compile(r"([0-9]{1,18})" + _EXTENSION)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}" + _EXTENSION)
_HASH = re.compile(r"(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{16,}" + _EXTENSION)
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid|sessionid)=[^/;]*", re.IGNORECASE)
SAFE = "%:@!$&'()*+,;=~-._"
"""Characters of a part of a path that stay as they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a path, between two slashes."""

    text: str  # of the template
    number: int | None = None  # that {item} replaced
    kind: str = ""  # of what {uuid} replaced: UUID, hash or token


def parts(path: str) -> list[Part]:
    """The parts of a recorded path, without its query."""
    return [part(each) for each in _SESSION.sub("", path).split("/")[1:]]


@lru_cache(maxsize=50_000)
def part(recorded: str) -> Part:
    if found := _NUMBER.fullmatch(recorded):
        return Part(f"{ITEM}{found[2] or ''}", number=int(found[1]))
    if found := _UUID.fullmatch(recorded):
        return Part(f"{UUID}{found[1] or ''}", kind="UUID")
    if found := _HASH.fullmatch(recorded):
        return Part(f"{UUID}{found[1] or ''}", kind="hash")
    return (
        Part(UUID, kind="token") if is_secret_itself(recorded) else Part(quote(_plain(recorded), safe=SAFE))
    )


def _plain(recorded: str) -> str:
    """What needs no escape unescaped: one resource, one template."""
    try:
        plain = unquote(recorded, errors="strict") if "%" in recorded else recorded
    except ValueError:
        return recorded
    return plain if plain.isprintable() and not {"/", "%"} & set(plain) else recorded


def joined(texts: list[str]) -> str:
    return "/" + "/".join(texts)
