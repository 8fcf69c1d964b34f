"""Who may act on the pages: tokens, and the names under which their holders are recorded."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import FileError
from chaos.spec.userfile import read_text

SHORTEST = 24  # characters of a token in a file
LONGEST_NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens by the name of their holder. `named` is False for the one token that is made at the start: whoever acts
    with it gives a name."""

    by_name: Mapping[str, str]
    named: bool

    def holder(self, given: str) -> str | None:
        """Return the name of the token's holder, None for a wrong token; takes as long for each."""
        found = None
        for name, token in self.by_name.items():
            if secrets.compare_digest(_digest(token), _digest(given)):
                found = name
        return found


def _digest(text: str) -> bytes:
    """Of equal lengths, so that not even the length of a token shows in the time of a comparison."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()


def new() -> Tokens:
    """Make a token for this server alone."""
    return Tokens({"": secrets.token_urlsafe(32)}, named=False)


def load(path: Path) -> Tokens:
    """Read a file with a line `NAME TOKEN` for each person. Raises FileError."""
    text = read_text(path)
    if path.stat().st_mode & 0o077:
        raise FileError(path, None, "", f"others can read it: type `chmod 600 {path}`")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise FileError(path, number, "", "must be a name and a token, with a space between")
        name, token = words
        if name in found or not is_name(name):
            raise FileError(
                path, number, "", f"must be a name of at most {LONGEST_NAME} characters, given once", name
            )
        if len(token) < SHORTEST or token in found.values():
            rule = f"a token must have {SHORTEST} characters or more, given once; type `openssl rand -hex 24`"
            raise FileError(path, number, name, rule)
        found[name] = token
    if not found:
        raise FileError(path, None, "", "has no token: write a line `NAME TOKEN` for each person")
    return Tokens(found, named=True)


def is_name(text: str) -> bool:
    """True for a name that can be recorded on one line."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()
