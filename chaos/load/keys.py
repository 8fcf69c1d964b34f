"""Keys of ledger writes as text: derived from their numbers, and compared with what a target shows."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from chaos.load import ledger
from chaos.load.values import Prepared, Row, Values

_UUID = re.compile(r"(?:urn:uuid:)?\{?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})\}?", re.IGNORECASE)
_PAYLOAD = re.compile(r"midnight (\d{8})-([0-9a-f]{5}) (\d{1,5}) [0-9a-f]{192}")
_UUID_BYTES = 16


def key_text(template: str, number: int) -> str:
    """The key of the write with this number."""
    return _prepared(template).text(Row(number))


@lru_cache(maxsize=100)
def _prepared(template: str) -> Prepared:
    return Values().text(template)


def number_of(template: str, key: str) -> int | None:
    """The number in a key that holds it; None if the key is not of this kind."""
    before, sign, after = template.partition("{seq}")
    middle = key[len(before) : len(key) - len(re.sub(r"\{uuid\}", "x" * 36, after))]
    if not sign or not re.fullmatch(r"[0-9]{1,18}", middle):
        return None
    number = int(middle)
    return number if key_text(template, number) == key else None


def number_within(held: str | None) -> int | None:
    """The number of the write whose payload this is; None if it is not one."""
    found = _PAYLOAD.fullmatch(held or "")
    if found is None:
        return None
    day, run, number = found.groups()
    try:
        base = ledger.base_of(f"{day}T000000Z-{run}")
    except ValueError:  # no such day
        return None
    # A run with more than ROOM writes goes on in the range of the next one, and says so in its payloads.
    guess = base + int(number)
    return guess if ledger.record(guess)[0] == held else None


def canonical(shown: Any) -> str | None:
    """A key as a target shows it, in JSON or SQL, in the form in which keys are compared; None if it is no key."""
    if isinstance(shown, bytes | bytearray | memoryview):
        return _of_bytes(bytes(shown))
    if isinstance(shown, float | Decimal):
        exact = Decimal(shown)
        return f"{exact:.0f}" if exact.is_finite() and exact == exact.to_integral_value() else str(shown)
    if isinstance(shown, bool) or not isinstance(shown, int | str | UUID):
        return None
    text = str(shown)
    found = _UUID.fullmatch(text)
    return str(UUID(found[1])) if found else text


def _of_bytes(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text:
        return canonical(text) or text
    return str(UUID(bytes=raw)) if len(raw) == _UUID_BYTES else raw.hex()


def text_of(shown: Any) -> str | None:
    """What a target holds of a write, as text; None for null."""
    if isinstance(shown, bytes | bytearray | memoryview):
        return bytes(shown).decode(errors="replace")
    return None if shown is None else str(shown)
