"""Memory that rises while no more of it is in use is the allocator's; memory that is held is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks.resources import ALLOCATED
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import Held, quiet_points
from tests.checks.leaks.test_leaks_check import found

ROUNDS = Rounds(idle=2.0)
ALLOCATOR = "allocator of read"
PER_REQUEST = 100_000  # bytes


def memory(**per_request: float) -> Held:
    """What each request leaves: `uss`, `malloc` and `free` in bytes, and `blocks`."""

    def held(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        return {"threads": 4} | {
            f"memory:{name}": 50_000_000 + each * sent["read"] for name, each in per_request.items()
        }

    return held


def judged(path: Path, held: Held, limits: dict[str, Any] | None = None) -> dict[str, Finding]:
    path.mkdir(exist_ok=True)
    return found(path, quiet_points(ROUNDS, held, again=("read",)), limits=limits)


def test_memory_that_malloc_keeps_although_it_is_free_is_its_own(tmp_path: Path) -> None:
    finding = judged(tmp_path, memory(uss=PER_REQUEST, malloc=0, free=PER_REQUEST, blocks=0))[ALLOCATOR]
    assert (finding.outcome, finding.measured) == (Outcome.WARNING, PER_REQUEST)
    assert finding.because == (
        "memory rises by 100 kB per request of read (300 MB in all), but malloc and Python have at most 0 B more in "
        "use: malloc keeps 300 MB more of free memory"
    )


def test_partly_empty_arenas_of_python_are_told_too(tmp_path: Path) -> None:
    held = memory(uss=PER_REQUEST, malloc=-10, free=0, blocks=2)
    because = judged(tmp_path, held)[ALLOCATOR].because
    assert "at most 3.07 MB more in use: the rest is in arenas of Python that are partly empty" in because


def test_memory_that_is_held_is_not_the_allocators(tmp_path: Path) -> None:
    large = judged(tmp_path / "large", memory(uss=PER_REQUEST, malloc=PER_REQUEST, free=0, blocks=1))
    small = judged(tmp_path / "small", memory(uss=PER_REQUEST, malloc=0, free=0, blocks=400))
    assert ALLOCATOR not in large and ALLOCATOR not in small
    assert large["memory:uss of read"].outcome is small["memory:uss of read"].outcome is Outcome.WARNING


def test_memory_beyond_its_limit_is_unknown_and_never_fails_by_itself(tmp_path: Path) -> None:
    held = memory(uss=PER_REQUEST, malloc=0, free=PER_REQUEST, blocks=0)
    every = judged(tmp_path, held, {"memory": "2kB"})
    assert every["memory:uss of read"].outcome is Outcome.UNKNOWN
    assert every[ALLOCATOR].outcome is Outcome.WARNING


def test_without_the_witness_nothing_is_said_of_the_allocator(tmp_path: Path) -> None:
    assert ALLOCATOR not in judged(tmp_path, memory(uss=PER_REQUEST))


def test_a_peak_that_fills_once_is_no_growth(tmp_path: Path) -> None:
    def held(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        return {
            "memory:uss": 3e7 * (sent["read"] > 0),
            "memory:malloc": 0,
            "memory:free": 0,
            "memory:blocks": 0,
        }

    assert ALLOCATOR not in judged(tmp_path, held)


def test_what_rises_by_the_clock_alone_is_no_requests_allocator(tmp_path: Path) -> None:
    def held(_: Mapping[str, int], at: float) -> Mapping[str, float]:
        return {"memory:uss": 1e6 * at, "memory:malloc": 0, "memory:free": 1e6 * at, "memory:blocks": 0}

    assert ALLOCATOR not in judged(tmp_path, held)


def test_a_witness_that_did_not_answer_at_one_point_leaves_it_untold(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, memory(uss=PER_REQUEST, malloc=0, free=PER_REQUEST, blocks=0))
    for process in points.all[-1].processes:
        for name in ALLOCATED:
            process["memory"].pop(name, None)
    assert ALLOCATOR not in found(tmp_path, points)


def test_the_allocators_numbers_are_no_resources_of_their_own(tmp_path: Path) -> None:
    every = judged(tmp_path, memory(uss=0, malloc=PER_REQUEST, free=PER_REQUEST, blocks=100))
    assert set(every) == {"rounds"}
