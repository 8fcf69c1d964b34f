"""`python -m bench [--miniature] [PART ...]`: compare, print, and write docs/bench.md.

Exit code 0 also where an aim was missed: it is printed. 1 when the bench itself is broken.
"""

from __future__ import annotations

import argparse
import sys
import time

from bench import (
    accuracy,
    document,
    expectations,
    figures,
    highest_rate,
    paused,
    run_cost,
    sampling_cost,
    stalled,
    start_up,
    surroundings,
    ten_million,
)
from bench.attack import BenchError
from bench.figures import Figure
from bench.peers import found
from bench.workshop import MINIATURE, Extent, Workshop, workshop

PARTS = ("rate", "accuracy", "expect", "stall", "pause", "sampling", "start", "run", "hits")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--miniature", action="store_true", help="try everything; the figures mean nothing")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none")
    chosen = parser.parse_args()
    parts = chosen.parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    peers = found.find(build=not chosen.miniature)
    for name, because in peers.missing.items():
        print(f"{name} is missing: {because}", flush=True)
    begun = time.monotonic()
    with workshop(peers, MINIATURE if chosen.miniature else Extent()) as shop:
        text = "\n\n".join(_compare(shop, parts))
    print(f"\n{text}\n\n{time.monotonic() - begun:.0f} s")
    if not chosen.miniature and len(parts) == len(PARTS):
        document.write(text)


def _compare(shop: Workshop, parts: list[str]) -> list[str]:
    """The sections of the document: where it was measured, the ratios, then the tables of single parts."""
    rows: list[Figure] = []
    more: list[str] = []
    for part in parts:
        print(f"measuring: {part}", flush=True)
        begun = time.monotonic()
        if part == "accuracy":
            shots = accuracy.shoot(shop)
            found = accuracy.figures(shots)
            table = document.table(accuracy.ERRORS_HEADER, accuracy.errors(shots))
            more += ["Errors against the server's own answer times, milliseconds:", table]
        elif part == "run":
            spans = run_cost.play(shop)
            found = run_cost.figures(spans)
            table = document.table(run_cost.HEADER, run_cost.rows(spans))
            more += ["Where the time of a run of `smoke` goes:", table]
        else:
            found = _part(part, shop)
        rows += found
        for row in found:
            print(f"  {' | '.join(row.cells)}", flush=True)
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    return [surroundings.told(shop.peers), document.table(figures.HEADER, [row.cells for row in rows]), *more]


def _part(part: str, shop: Workshop) -> list[Figure]:
    if part == "hits":
        return ten_million.figures(shop.extent.hits)
    module = {
        "rate": highest_rate,
        "expect": expectations,
        "stall": stalled,
        "pause": paused,
        "sampling": sampling_cost,
        "start": start_up,
    }[part]
    rows: list[Figure] = module.figures(shop)
    return rows


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"bench: {error}")
