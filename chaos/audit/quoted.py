"""What a manifest says, as a message may repeat it."""

from __future__ import annotations

from chaos.record.secret_forms import mask

_LONGEST = 2_000  # characters; a message is shorter, and masking takes the square of a word's length


def quoted(text: str) -> str:
    """Return the text, cut to what a message may hold, with its secrets masked."""
    return mask(text[:_LONGEST])
