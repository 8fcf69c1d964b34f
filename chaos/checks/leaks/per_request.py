"""What a request leaves behind, as a figure that is compared from run to run."""

from __future__ import annotations

from chaos.checks.judged import Judged
from chaos.checks.leaks import resources
from chaos.checks.leaks.growth import Growth, Kind
from chaos.spec.leak_limits import MEMORY

_COUNTED = tuple(each.name for each in resources.ALL if each.figure)


def things(judged: Judged) -> float | None:
    """Of what is counted, the most that a request of any route leaves; None without rounds."""
    return _most(judged, _COUNTED)


def memory(judged: Judged) -> float | None:
    """Bytes that a request of the worst route leaves, 0 if below the noise; None without rounds."""
    return _most(judged, (MEMORY,))


def _most(judged: Judged, kinds: tuple[str, ...]) -> float | None:
    if not judged.quiet.routes:
        return None
    return max((each.rate for each in judged.growths if _counts(each, kinds)), default=0.0)


def _counts(growth: Growth, kinds: tuple[str, ...]) -> bool:
    by_request = growth.route is not None and growth.kind in (Kind.LEAK, Kind.UNBOUNDED)
    return by_request and growth.resource.partition(":")[0] in kinds
