"""The account of the ledger: what became of every write that was planned, in rows that add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from chaos.checks.exact import Flags
from chaos.checks.ledger import HELD, MISSING, Ledger
from chaos.record.hits import Outcome as Hit

ACKNOWLEDGED, UNKEYED = "acknowledged", "acknowledged, but under no known key"
_KINDS: tuple[tuple[str, tuple[Hit, ...]], ...] = (
    ("no answer in time", (Hit.TIMEOUT,)),
    ("answered with an error", (Hit.BAD_STATUS, Hit.BAD_BODY)),
    ("connection refused or lost", (Hit.REFUSED, Hit.RESET)),
    ("still waiting when the run ended", (Hit.PENDING,)),
    ("never sent: the play ended first", (Hit.UNSENT,)),
)
"""Every outcome of a request but a good one is in exactly one of them."""

Row = dict[str, Any]


def account(ledger: Ledger) -> list[Row]:
    """Return one row per kind: `what`, `writes`, how many of them were `present` and `missing` afterwards. The last row
    is what was planned, the sum of the others. Kinds that did not occur are left out."""
    good, promised = ledger.writes.acknowledged, ledger.acknowledged
    rows = [_row(ACKNOWLEDGED, ledger, promised), _row(UNKEYED, ledger, good & ~promised)]
    rows += [_row(what, ledger, np.isin(ledger.writes.outcome, outcomes)) for what, outcomes in _KINDS]
    shown = [row for row in rows if row["writes"] or row["what"] == ACKNOWLEDGED]
    return [*shown, {"what": "planned", **{key: sum(row[key] for row in shown) for key in _NUMBERS}}]


_NUMBERS = ("writes", "present", "missing")


def _row(what: str, ledger: Ledger, chosen: Flags) -> Row:
    present = np.count_nonzero(np.isin(ledger.state[chosen], HELD))
    missing = np.count_nonzero(ledger.state[chosen] == MISSING)
    return {
        "what": what,
        "writes": int(np.count_nonzero(chosen)),
        "present": int(present),
        "missing": int(missing),
    }
