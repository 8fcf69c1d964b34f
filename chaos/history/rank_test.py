"""Test whether one sample's values are larger than another's. Uses ranks only: no distribution is assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def rank_sum_p(later: Sequence[float], earlier: Sequence[float]) -> float:
    """Return the probability that `later` ranks this high if all values come from one distribution.

    The one-sided test of Mann and Whitney, "On a Test of Whether one of Two Random Variables is
    Stochastically Larger than the Other", Annals of Mathematical Statistics 18 (1947), exact for every size
    and with ties: the distribution of the sum of midranks over all choices of `len(later)` values is counted
    by the shift algorithm of Streitberg and Röhmel (1986). Infinities rank highest. Neither may be empty.
    """
    pooled = np.array([*later, *earlier], dtype=np.float64)
    doubled = _doubled_midranks(pooled)
    chosen = int(doubled[: len(later)].sum())
    total = int(np.sort(doubled)[-len(later) :].sum())
    # ways[k, s]: how many choices of k values have the (doubled) sum of ranks s
    ways = np.zeros((len(later) + 1, total + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : total + 1 - rank].copy()
    reached = ways[len(later)]
    return float(reached[chosen:].sum() / reached.sum())


def shift(later: Sequence[float], earlier: Sequence[float]) -> float:
    """Return how far `later` lies above `earlier`: the median of all differences between the two.

    The estimator of Hodges and Lehmann, "Estimates of Location Based on Rank Tests", Annals of Mathematical
    Statistics 34 (1963). Two infinities are equal.
    """
    differences = sorted(0.0 if a == b else a - b for a in later for b in earlier)
    middle = len(differences) // 2
    if len(differences) % 2:
        return differences[middle]
    low, high = differences[middle - 1], differences[middle]
    return low if low == high else (low + high) / 2


def smallest_p(later: int, earlier: int) -> float:
    """Return the smallest probability possible with samples of these sizes."""
    return 1 / math.comb(later + earlier, later)


def _doubled_midranks(values: Array) -> npt.NDArray[np.int64]:
    """Return twice the rank of each value; ties share their mean rank, so twice it is an integer."""
    ordered = np.sort(values)
    first = np.searchsorted(ordered, values, side="left")
    last = np.searchsorted(ordered, values, side="right")
    doubled: npt.NDArray[np.int64] = (first + last + 1).astype(np.int64)
    return doubled
