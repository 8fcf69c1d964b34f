"""What the load process records of a sample of good answers."""

from __future__ import annotations

EXAMINED = 16_384
"""Bytes: of a longer answer only type and length are recorded. The parser holds the GIL, which the load needs."""
