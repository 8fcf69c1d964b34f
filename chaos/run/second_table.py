"""A second table of hits, sent by a load process of its own after the first, and merged with it at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.record.store import RunDir


def numbers(played: HitTable, route: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the sequence numbers of requests of these routes: those of writes continue, all others are -1."""
    number = {int(row["route"]) for row in played[played["seq"] >= 0][:1000]}
    writes = np.isin(route, sorted(number))
    last = int(played["seq"].max()) if len(played) else 0
    return np.where(writes, max(last, 0) + np.cumsum(writes), -1).astype(np.int64)


def merge(run: RunDir, table: Path, instrument: Path) -> None:
    """Merge into one table ordered by time, and one instrument record."""
    both = np.concatenate([hits.open_table(run.hits), _sent(hits.open_table(table))])
    both = both[np.argsort(both["due"], kind="stable")]
    both["n"] = np.arange(len(both), dtype=np.uint32)
    unfinished = run.hits.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, both)
    unfinished.replace(run.hits)
    if instrument.exists():  # else its process never began
        with run.instrument.open("a", encoding="utf-8") as file:
            file.writelines(instrument.read_text(encoding="utf-8").splitlines(keepends=True)[1:])
        instrument.unlink()
    table.unlink()


def _sent(table: HitTable) -> HitTable:
    rows: HitTable = table[table["outcome"] != Outcome.UNSENT]
    return rows
