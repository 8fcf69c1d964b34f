"""What the load process is told: hosts that are allowed, no more requests than a run may send, each route's timeout."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from chaos.errors import Refused
from chaos.load import spec as specs
from chaos.load.spec import LoadSpec
from chaos.spec.routes import Route
from tests.load.writing import writing


def _spec(
    base_url: str = "http://127.0.0.1:1", timeouts: tuple[float, ...] = (1.0,), **more: object
) -> LoadSpec:
    document = {
        "base_url": base_url,
        "hits": Path("hits.npy"),
        "instrument": Path("instrument.jsonl"),
        "clock_zero": 1.0,
        "seed": 1,
        "routes": [Route(path="/")],
        "timeouts": timeouts,
    }
    return LoadSpec.model_validate(document | more)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_this_machine_may_be_aimed_at(host: str) -> None:
    assert specs.addresses(_spec(f"http://{host}:8080"))


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "[2001:db8::1]", "[::ffff:192.0.2.1]"])
def test_another_machine_may_be_aimed_at_only_when_it_is_named(host: str) -> None:
    with pytest.raises(Refused, match=r"not in the target.s `allow`"):
        specs.addresses(_spec(f"http://{host}:8080"))
    assert specs.addresses(_spec(f"http://{host}:8080", allow_hosts=(host.strip("[]"),)))


def test_more_requests_than_one_run_may_send_are_refused() -> None:
    specs.check_size(specs.MOST_HITS)
    with pytest.raises(Refused, match="20000001 requests exceed the limit of"):
        specs.check_size(specs.MOST_HITS + 1)


def test_each_route_has_its_timeout() -> None:
    with pytest.raises(ValidationError, match="1 routes have 2 timeouts"):
        _spec(timeouts=(1.0, 2.0))


def test_a_specification_survives_the_pipe() -> None:
    by_offset = {"list": "/a?from={offset}", "keys": "$[*].id", "page": {"offset": 9}}
    routes = [
        writing(),
        writing(payload=None, read={"get": "/{key}"}),
        writing(acknowledged=[201], read=by_offset),
    ]
    sent = _spec(routes=routes, timeouts=(1.0,) * 3)
    assert LoadSpec.model_validate_json(sent.model_dump_json()) == sent
