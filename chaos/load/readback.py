"""The ledger read back from the target, until what it says is settled."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from chaos.errors import NoVerdict
from chaos.load import asker, ledger
from chaos.load.asker import Access, Asker, Unread, Unreadable
from chaos.load.by_key import ByKey
from chaos.load.by_sql import BySql
from chaos.load.keys import canonical, key_text
from chaos.load.ledger import State
from chaos.load.pages import Listing
from chaos.load.sources import Found, Keys, Source
from chaos.load.written import Written
from chaos.spec.ledger import LedgerWrite

PAUSE = 0.5
"""Seconds between two reads: a write still in flight during the first read shows in the second."""
PASSES = 10
LOOK = 5.0  # seconds for the check that the run's keys are free
FEW = 3  # keys of a GET each in that check
MANY = 500  # keys of SQL in it
_NO_SUCH_KEY = (400, 422)  # what a service may answer for a key that it would never choose


@dataclass(frozen=True, slots=True)
class Place:
    """Where the writes of one route are looked for."""

    route: str
    ledger: LedgerWrite
    access: Access
    dsn: str = ""  # of `sql`


@dataclass(frozen=True, slots=True)
class ReadbackResult:
    """`rows` are (seq, state) from `ledger.compare`; empty if the read-back is incomplete."""

    rows: npt.NDArray[np.void]
    complete: bool
    reads: int  # complete reads of this run's writes
    because: str
    own: Sequence[str]  # the keys of records that are surely this run's, and there as they were written
    blind: str = ""


@contextmanager
def opened(place: Place, keys: Keys, deadline: float) -> Iterator[Source]:
    """The way to read these keys back that the target file names."""
    read, access = place.ledger.read, place.access
    if read.kind == "sql":
        with closing(BySql(keys, place.dsn, deadline)) as source:
            yield source
        return
    with asker.client(access.base_url, access.headers) as client:
        asking = Asker(client, access, deadline, read.rate)
        yield ByKey(asking, keys) if read.kind == "get" else Listing(asking, keys)


def refuse_taken(place: Place, base: int, writes: int) -> str:
    """Raises NoVerdict if the target has records under this run's keys before it has written any, or if it cannot be
    read back like this at all.

    A target that does not answer is judged afterwards, by its read-back; returned is the reason, if it did not.
    """
    keys = _expected(place, base, writes)
    try:
        with opened(place, keys, time.monotonic() + LOOK) as source:
            held = next(iter(_taken(source, keys)), None)
    except Unreadable as error:
        if place.ledger.is_chosen and error.status in _NO_SUCH_KEY:
            return ""
        raise NoVerdict(f"the writes of route {place.route!r} cannot be read back: {error}") from None
    except Unread as error:
        return str(error)
    if held is None:
        return ""
    if place.ledger.read.kind == "get":
        path = (place.ledger.read.get or "").replace("{key}", held)
        raise NoVerdict(
            f"GET {path} does not answer 404, although this run has not written that key yet: it could not tell a "
            "missing record; say in `missing` what it answers then, correct `read`, or start the run again if the "
            "record is there"
        )
    raise NoVerdict(
        f"the target already has a record with key {held}, which this run would write; start the run again: "
        "each run has keys of its own"
    )


def refuse_unfound(place: Place, written: Written) -> None:
    """Raises NoVerdict if none of several acknowledged writes is found within `LOOK` seconds: then the file asks in the
    wrong place, or the service keeps nothing, and every later write would be called lost.
    """
    keys, deadline = written.keys, time.monotonic() + LOOK
    if len(keys.numbers) < FEW:
        return
    try:
        with opened(place, keys, deadline + asker.TIMEOUT) as source:
            while not any(key in keys.numbers for key in source.read(keys.numbers)):
                if time.monotonic() + PAUSE > deadline:
                    break
                time.sleep(PAUSE)
            else:
                return
    except Unreadable as error:
        raise NoVerdict(f"the writes of route {place.route!r} cannot be read back: {error}") from None
    except Unread:
        return
    raise NoVerdict(
        f"none of the first {len(keys.numbers)} acknowledged writes of route {place.route!r} was found within "
        f"{LOOK:.0f} s by {place.ledger.read.kind} ({', '.join(keys.numbers)}): correct `read`, or find out why the "
        "service keeps none of them; nothing was injected"
    )


def _expected(place: Place, base: int, writes: int) -> Keys:
    """The keys that a run will write, as far as they are known before it."""
    ways = place.ledger
    numbers = range(1, min(writes, ledger.ROOM) + 1)
    texts = {} if ways.is_chosen else {canonical(key_text(ways.key, base + n)) or "": n for n in numbers}
    return Keys(ways, base, ledger.end_of(base, writes), texts)


def _taken(source: Source, keys: Keys) -> Iterator[str]:
    if isinstance(source, Listing):
        for record in source.between(keys.base, keys.last):
            if keys.seq_of(record.key) is not None:
                yield record.key
        return
    if isinstance(source, BySql):
        source.probe()
        yield from source.read(list(islice(keys.numbers, MANY)))
        return
    # Even where the service chooses its keys, one that it will hardly have shows what it says then.
    never = canonical(key_text("{uuid}", keys.base)) or ""
    yield from source.read(list(islice(keys.numbers, FEW)) or [never])


def read_back(place: Place, written: Written, *, timeout: float) -> ReadbackResult:
    """Read back every write of one route within `timeout` seconds. Blocks.

    A list is complete if two consecutive reads of it agree. By key, every key is asked for, and those that are
    missing, different or doubled are asked for again until two passes over them agree. Everything else is reported in
    `because`, never raised.
    """
    keys, reads = written.keys, 0
    try:
        if written.unknown:
            many = len(written.unknown)
            raise Unread(
                f"the keys of {many} acknowledged writes are not on record: the load process ended early"
            )
        with opened(place, keys, time.monotonic() + timeout) as source:
            settled = _Settling(source, keys)
            while (found := settled.again()) is None:
                reads = settled.reads
                time.sleep(PAUSE)
            return _result(settled, found, written)
    except Unread as error:
        return ReadbackResult(np.empty(0, dtype=ledger.DTYPE), False, reads, str(error), ())


class _Settling:
    """Reads until two reads in a row agree about all that is not as it was written."""

    def __init__(self, source: Source, keys: Keys) -> None:
        self.source, self.reads = source, 0
        self._keys = keys
        self._found: dict[str, Sequence[ledger.Held]] = {}
        self._open: Collection[str] = keys.numbers

    def again(self) -> Found | None:
        """Read once; what was found if that is settled now. Raises Unread."""
        if self.reads == PASSES:
            raise Unread(
                f"{PASSES} complete reads, and no two in a row agree: the records are still changing"
            )
        asked = self._open
        before = self._found if self.source.whole else {k: self._found[k] for k in asked if k in self._found}
        now = dict(self.source.read(asked))
        self.reads += 1
        agree = self.reads > 1 and now == before
        self._found = (
            now if self.source.whole else {**{k: v for k, v in self._found.items() if k not in asked}, **now}
        )
        if not self.source.whole:
            self._open = {key for key in asked if self._state(key) is not State.PRESENT}
            agree = agree or not self._open
        return self._found if agree else None

    def _state(self, key: str) -> State:
        number = self._keys.base + self._keys.numbers[key]
        return ledger.state_of(number, self._found.get(key, ()), compared=self.source.compared)


def _result(settled: _Settling, found: Found, written: Written) -> ReadbackResult:
    keys, source = written.keys, settled.source
    by_number = {seq: held for key, held in found.items() if (seq := keys.seq_of(key)) is not None}
    # A key that two writes were given has one record: compared, it tells whose it is; else, the later one's is missing.
    by_number |= {seq: found.get(key, ()) if source.compared else () for seq, key in written.shared.items()}
    rows = ledger.compare(
        keys.base, written.due, by_number, compared=source.compared, unasked=written.unasked
    )
    intact = {int(seq) for seq in rows["seq"][np.isin(rows["state"], (State.PRESENT, State.DOUBLED))]}
    sure = source.compared or not keys.ledger.is_chosen  # else the key may be of something else
    own = [key for key, seq in keys.numbers.items() if seq in intact and sure]
    if source.whole:
        because = f"{settled.reads} reads, the last two agree on {len(found)} records"
    else:
        because = f"{len(keys.numbers)} keys asked for in {settled.reads} passes, {len(found)} found"
    return ReadbackResult(rows, True, settled.reads, because, own, source.blind)
