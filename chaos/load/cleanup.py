"""Remove records that runs have written, as the target file defines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from chaos.load import asker
from chaos.load.asker import Unread
from chaos.load.leftovers import SURVEY_WITHIN
from chaos.load.readback import Place, opened
from chaos.load.sources import Keys
from chaos.spec.ledger import Remove
from chaos.spec.units import show_seconds

CLEAN_WITHIN = 60.0  # seconds
MOST_REFUSALS = 3
_GAP = 1 / 200  # seconds between two requests


@dataclass
class Cleaned:
    """The result of the removal; `because` says what could not be removed."""

    removed: list[str] = field(default_factory=list)
    because: str = ""


def clean(
    place: Place, remove: Remove, own: Keys, keys: Sequence[str], *, within: float = CLEAN_WITHIN
) -> Cleaned:
    """Remove the records with these keys as the target file defines, for at most `within` seconds. Never raises:
    gives up after several refusals.
    """
    done, deadline, refusals = Cleaned(), time.monotonic() + within, 0
    with asker.client(place.access.base_url, place.access.headers) as client:
        for key in keys:
            begun = time.monotonic()
            if begun > deadline:
                done.because = f"time ran out after {show_seconds(within)}; the next run continues"
                break
            if not (refusal := _remove(client, remove, own.as_sent(key))):
                done.removed.append(key)
                time.sleep(max(0.0, begun + _GAP - time.monotonic()))
                continue
            done.because, refusals = refusal, refusals + 1
            if refusals == MOST_REFUSALS:
                break
    return done


def _remove(client: httpx.Client, remove: Remove, key: str) -> str:
    """Empty if it is gone, else the answer."""
    try:
        answer = client.request(remove.method, remove.path.replace("{key}", quote(key, safe="")))
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    # 404: the path is wrong, since the record was there
    if answer.is_success or answer.status_code == httpx.codes.GONE:
        return ""
    return f"{remove.method} {remove.path} was answered with {answer.status_code}"


def count_left(place: Place, keys: Keys, removed: Sequence[str]) -> int | None:
    """Number of these records that the target still has; None if unknown."""
    try:
        with opened(place, keys, time.monotonic() + SURVEY_WITHIN) as source:
            found = source.read(removed)
            return sum(key in found for key in removed)
    except Unread:
        return None
