"""Remove records that runs have written, as the target file defines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from chaos.load import ledger, pages
from chaos.load.leftovers import SURVEY_WITHIN
from chaos.load.pages import Pages, Unread
from chaos.spec.target import Cleanup, Readback

CLEAN_WITHIN = 60.0  # seconds
MOST_REFUSALS = 3


@dataclass
class Cleaned:
    """The result of the removal; `because` says what could not be removed."""

    removed: list[int] = field(default_factory=list)
    because: str = ""


def clean(
    base_url: str,
    cleanup: Cleanup,
    keys: Sequence[int],
    *,
    headers: Mapping[str, str],
    within: float = CLEAN_WITHIN,
) -> Cleaned:
    """Remove the records with these keys as the target file defines, for at most `within` seconds. Never raises:
    gives up after several refusals.
    """
    done, deadline, refusals = Cleaned(), time.monotonic() + within, 0
    with pages.client(base_url, headers) as client:
        for some in _batches(cleanup, keys):
            if time.monotonic() > deadline:
                done.because = f"time ran out after {within:g} s; the next run continues"
                break
            if not (refusal := _remove(client, cleanup, some)):
                done.removed += some
                continue
            done.because, refusals = refusal, refusals + 1
            if refusals == MOST_REFUSALS:
                break
    return done


def _batches(cleanup: Cleanup, keys: Sequence[int]) -> Iterator[Sequence[int]]:
    size = 1 if cleanup.one_by_one else cleanup.limit
    return (keys[first : first + size] for first in range(0, len(keys), size))


def _remove(client: httpx.Client, cleanup: Cleanup, keys: Sequence[int]) -> str:
    """Empty if they are gone, else the answer."""
    try:
        if cleanup.one_by_one:
            answer = client.request(cleanup.method, cleanup.path.replace("{seq}", str(keys[0])))
        else:
            answer = client.request(cleanup.method, cleanup.path, json={"seq": list(keys)})
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    if (
        answer.is_success or answer.status_code == httpx.codes.GONE
    ):  # 404: the path is wrong, since the record was listed
        return ""
    return f"{cleanup.method} {cleanup.path} was answered with {answer.status_code}"


def count_left(
    base_url: str, readback: Readback, base: int, writes: int, *, headers: Mapping[str, str]
) -> int | None:
    """Number of records of this run that the target still lists; None if unknown."""
    with pages.client(base_url, headers) as client:
        listed = Pages(client, readback, time.monotonic() + SURVEY_WITHIN)
        try:
            held = listed.between(base, ledger.end_of(base, writes))
            return sum(ledger.is_ours(key, checksum) for key, checksum in held)
        except Unread:
            return None
