"""What it costs to fill values into requests, and to look into answers."""

from __future__ import annotations

import json
from statistics import median

from bench.attack import Attack
from bench.figures import Figure, at_most, told
from bench.peers.ours import Ours
from bench.workshop import Workshop
from chaos.spec.expect import Expect
from chaos.spec.routes import Route

RATE = 1000  # per second
BODY = json.dumps({
    "data": {"orders": [{"id": n, "title": f"an order of {n} things", "paid": n % 2 == 0} for n in range(18)]},
    "next": None,
})  # fmt: skip
"""1 kB, as an API answers a list."""
EXPECT = {"json": {"$.errors": "absent", "$.data.orders[0].id": 0}, "lacks": "exception", "max_size": 100_000}
STREAM = "".join(f'event: delta\ndata: {{"n": {n}}}\n\n' for n in range(40)) + "data: [DONE]\n\n"

_PLAIN = Route(path="/")
_FILLED = {"method": "POST", "json": {"title": "{uuid}", "note": "{payload}", "n": "{seq}"}}


def figures(shop: Workshop) -> list[Figure]:
    looked = Route(path="/", expect=Expect.model_validate(EXPECT))
    filled = Route.model_validate({**_FILLED, "path": "/{item}", "query": {"at": "{now}"}})
    streamed = Route(path="/", expect=Expect.model_validate({"sse": {}}))
    return [
        _compared(shop, "that looks into a body of 1 kB", looked, BODY),
        _compared(shop, "that reads a stream of 41 events", streamed, STREAM),
        _compared(shop, "into which values are filled", filled, BODY, aim=None),
    ]


def _compared(shop: Workshop, what: str, route: Route, body: str, aim: float | None = 1.5) -> Figure:
    """The CPU time per request, compared with a plain request that gets the same answer."""
    with shop.serving(0.0, body) as server:
        attack = Attack(server.url, RATE, shop.extent.attack)
        shots = [
            (shop.shoot(Ours(route=route), server, attack), shop.shoot(Ours(route=_PLAIN), server, attack))
            for _ in range(shop.extent.repeats)
        ]
    cost, plain = (median(pair[side].processor for pair in shots) for side in (0, 1))
    compared = f"CPU time per request {what}, at {RATE}/s, compared with a plain one"
    return told(compared, cost, plain, "ms") if aim is None else at_most(compared, cost, plain, aim, "ms")
