"""Texts that look like secrets by themselves, whatever their name."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"(?=[^.]*[0-9])[A-Za-z0-9_=~.-]{20,}")
_VALUE = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"  # a JSON web token
    r"|\b(?=[\w-]*\d)(?:sk|pk|rk)[-_](?:live|test|ant|proj)?[-_]?[A-Za-z0-9_-]{12,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{8,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{12,}|\bAIza[\w-]{30,}|\bya29\.[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:Bearer|Basic|Digest|Token)\s+[A-Za-z0-9+/=._~-]{8,}"
    r"|://[^/\s:@]+:[^/\s@]+@"
)
_LONG_HEX = re.compile(r"[0-9a-fA-F]{32,}")


def is_secret_itself(text: str) -> bool:
    """Return True if a text must not be written."""
    return bool(_VALUE.search(text) or _is_token(text) or _LONG_HEX.fullmatch(text))


def _is_token(text: str) -> bool:
    """Return True for a long string of letters and digits that no person would choose."""
    if not _TOKEN.fullmatch(text):
        return False
    letters = [char for char in text if char.isalpha()]
    digits = sum(char.isdigit() for char in text)
    mixed = any(char.isupper() for char in letters) and any(char.islower() for char in letters)
    worded = re.search(r"[a-z]{4,}[-_.]|[-_.][a-z]{4,}", text)
    return bool(letters) and not worded and (mixed or (digits >= 4 and "-" not in text and "_" not in text))
