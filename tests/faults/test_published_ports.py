"""Which published ports the engine keeps: those that were asked for by number."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.models.containers import Container

from chaos.faults.shared import foreseen
from chaos.plugin.probe import Answer, Probe

LOCAL = "127.0.0.1"


def asked(bindings: Any, published: Any) -> Probe:
    """The probe on a container as the engine tells of it."""
    settings = {"HostConfig": {"PortBindings": bindings}, "NetworkSettings": {"Ports": published}}
    return foreseen.keeps_its_ports(
        Container(attrs={"Name": "/web", "Config": {"Labels": {}}, **settings}, client=cast(Any, _Engine(1)))
    )


def at(port: str, host: str = LOCAL) -> dict[str, str]:
    return {"HostIp": host, "HostPort": port}


@pytest.mark.parametrize(
    "bindings",
    [
        {"80/tcp": [at("")]},
        {"80/tcp": [at("0")]},
        {"80/tcp": [at("49000-49010")]},
        {},
        None,
        {"80/tcp": None},
    ],
    ids=["no number", "0", "a range", "-P", "null", "nothing"],
)
def test_a_port_that_the_engine_chose_is_not_a_fixed_one(bindings: Any) -> None:
    probe = asked(bindings, {"80/tcp": [at("49005")]})
    assert probe.answer is Answer.NO
    because = "the engine chose 49005 for its port 80/tcp and would choose another one afterwards"
    assert probe.line == f"web keeps its published ports: {because}; {probe.remedy}"
    assert probe.remedy == 'publish a fixed port in the Compose file: ports: ["127.0.0.1:8080:80"]'


@pytest.mark.parametrize(
    ("bindings", "published"),
    [
        ({"80/tcp": [at("8080")]}, {"80/tcp": [at("8080")], "9000/tcp": None}),
        ({"80/tcp": [at("8080", ""), at("9090")]}, {"80/tcp": [at("8080", "0.0.0.0"), at("9090")]}),
        ({}, {}),
        (None, None),
    ],
    ids=["fixed", "two of them", "none", "null"],
)
def test_ports_requested_by_number_stay(bindings: Any, published: Any) -> None:
    assert asked(bindings, published).answer is Answer.YES


def test_a_single_unnumbered_port_beside_fixed_ones_is_found() -> None:
    bindings = {"80/tcp": [at("8080")], "9100/udp": [at("")]}
    probe = asked(bindings, {"80/tcp": [at("8080")], "9100/udp": [at("49006", "0.0.0.0")]})
    assert probe.remedy.endswith('ports: ["9100:9100/udp"]')


@pytest.mark.parametrize(
    ("port", "host", "line"),
    [
        ("443/tcp", LOCAL, "127.0.0.1:8443:443"),
        ("80/tcp", "0.0.0.0", "8080:80"),
        ("8000/tcp", "::", "8000:8000"),
        ("80/tcp", "::1", "[::1]:8080:80"),
    ],
)
def test_the_line_publishes_it_where_it_was(port: str, host: str, line: str) -> None:
    assert asked({}, {port: [at("49005", host)]}).remedy.endswith(f'ports: ["{line}"]')


class _Engine:
    """Tells of as many containers with the labels of a service as it has."""

    def __init__(self, count: int) -> None:
        self.containers, self._count = self, count

    def list(self, **filters: Any) -> list[object]:
        del filters
        return [object()] * self._count


@pytest.mark.parametrize(("count", "advice"), [(1, 'ports: ["8080:80"]'), (2, "instead of the replicas")])
def test_replicas_cannot_all_have_the_same_port(count: int, advice: str) -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    attrs = {
        "Name": "/web",
        "Config": {"Labels": labels},
        "HostConfig": {},
        "NetworkSettings": {"Ports": {"80/tcp": [at("49005", "0.0.0.0")]}},
    }
    found = Container(attrs=attrs, client=cast(Any, _Engine(count)))
    assert foreseen.keeps_its_ports(found).remedy.endswith(advice)
