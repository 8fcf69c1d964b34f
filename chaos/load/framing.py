"""Treat a head with a repeated, identical Content-Length as one with a single one (RFC 9112, 6.3), as a proxy does."""

from __future__ import annotations

import re

from chaos.load.failures import Malformed

_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:([^\r\n]*)\r?\n", re.I | re.M)
_INTERIM = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d")


def is_about_length(error: Exception) -> bool:
    """True if llhttp gave up at a Content-Length: a second one, or a list of them."""
    return "Content-Length" in str(error)


def said_once(received: bytes) -> bytes | None:
    """The received bytes from the beginning of an answer, with a single length; None while its head is incomplete.
    Raises Malformed if the lengths differ or are invalid.
    """
    begin = 0
    while (end := _END.search(received, begin)) is not None:
        head = received[begin : end.end()]
        received = received[:begin] + _mended(head) + received[end.end() :]
        if _INTERIM.match(head) is None:
            return received
        begin += len(_mended(head))
    return None


def _mended(head: bytes) -> bytes:
    said = [length.strip() for match in _LENGTH.finditer(head) for length in match[1].split(b",")]
    if len(said) < 2:
        return head
    if len(set(said)) > 1 or not said[0].isdigit():
        raise Malformed(f"Content-Length is {b', '.join(said).decode(errors='replace')}")
    first = _LENGTH.search(head)
    assert first is not None, "there are two"
    rest = _LENGTH.sub(b"", head[first.start() :])
    return head[: first.start()] + b"Content-Length: " + said[0] + b"\r\n" + rest
