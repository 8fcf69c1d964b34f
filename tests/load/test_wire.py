from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.load import ledger
from chaos.load.spec import LoadSpec
from chaos.load.wire import Wire
from chaos.spec.routes import Route

FORM = "application/x-www-form-urlencoded"


def wire(route: Route, base_url: str = "http://127.0.0.1:8080", **more: Any) -> Wire:
    spec = {"base_url": base_url, "routes": (route,), "timeouts": (1.0,), "seed": 7, **more}
    return Wire(LoadSpec(hits=Path("h"), instrument=Path("i"), clock_zero=0.0, **spec))


def head(request: bytes) -> tuple[str, list[str]]:
    line, *fields = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return line, fields


def test_a_request_is_these_bytes() -> None:
    assert wire(Route(path="/items/{item}?again={item}", items=9)).request(0, 3, -1) == (
        b"GET /items/3?again=3 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:8080\r\n"
        b"User-Agent: midnight\r\n"
        b"Accept: */*\r\n"
        b"Accept-Encoding: identity\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    ("base_url", "path", "line", "host"),
    [
        ("http://localhost", "/", "GET / HTTP/1.1", "localhost"),
        ("http://localhost:80", "/a", "GET /a HTTP/1.1", "localhost"),
        ("https://localhost:443", "/a", "GET /a HTTP/1.1", "localhost"),
        ("https://localhost:80", "/a", "GET /a HTTP/1.1", "localhost:80"),
        ("http://[::1]:81/api/", "/a", "GET /api/a HTTP/1.1", "[::1]:81"),
        (
            "http://h:1/api",
            "/a b/ü%20?q=[1]&x=|y|#top",
            "GET /api/a%20b/%C3%BC%20?q=%5B1%5D&x=%7Cy%7C HTTP/1.1",
            "h:1",
        ),
        ("HTTP://h:1", "/50%?{item}=%zz%2F", "GET /50%25?1=%25zz%2F HTTP/1.1", "h:1"),
        ("http://h:1", "/a\r\nX: y", "GET /a%0D%0AX:%20y HTTP/1.1", "h:1"),
    ],
)
def test_a_request_goes_to_its_path_and_host(base_url: str, path: str, line: str, host: str) -> None:
    found, fields = head(wire(Route(path=path), base_url).request(0, 1, -1))
    assert found == line
    assert fields[0] == f"Host: {host}"


def test_a_body_has_its_length_and_its_type() -> None:
    request = wire(Route(method="PUT", path="/", body={"q": "ü"}), headers={"content-type": "x"}).request(
        0, 1, -1
    )
    body = json.dumps({"q": "ü"}).encode()
    assert request.endswith(
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert b"content-type: x" not in request


@pytest.mark.parametrize(("method", "length"), [("GET", []), ("DELETE", ["Content-Length: 0"])])
def test_a_request_without_a_body_has_no_content_type(method: str, length: list[str]) -> None:
    route = Route.model_validate({"method": method, "path": "/"})
    assert head(wire(route).request(0, 1, -1))[1][4:] == length


def test_a_write_carries_its_record_under_a_key_of_the_run() -> None:
    base = ledger.base_of("20261126T235900Z-a1b2c3")
    writing = wire(Route(method="POST", path="/records", ledger=True), ledger_base=base)
    for seq in (1, 22):
        request = writing.request(0, 1, seq)
        payload, checksum = ledger.record(base + seq)
        body = request.partition(b"\r\n\r\n")[2]
        assert json.loads(body) == {"seq": base + seq, "payload": payload, "checksum": checksum}
        assert f"Content-Length: {len(body)}" in head(request)[1]


def test_the_targets_own_fields_override_midnights_in_any_case() -> None:
    headers = {"hOST": "virtual.test", "user-agent": "them", "Authorization": "Bearer {item}"}
    _, fields = head(wire(Route(path="/{item}"), headers=headers).request(0, 5, -1))
    assert sorted(fields) == sorted([
        "hOST: virtual.test",
        "user-agent: them",
        "Authorization: Bearer {item}",
        "Accept: */*",
        "Accept-Encoding: identity",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("route", "kind", "body"),
    [
        (
            Route(method="POST", path="/", form={"user": "a b", "n": 1}),
            "application/x-www-form-urlencoded",
            b"user=a+b&n=1",
        ),
        (Route(method="PATCH", path="/", body=[1, 2]), "application/json", b"[1, 2]"),
        (
            Route(method="POST", path="/", body="<a/>", headers={"Content-Type": "text/xml"}),
            "text/xml",
            b"<a/>",
        ),
    ],
    ids=["a form", "a list", "a text"],
)
def test_a_body_is_sent_as_the_route_says(route: Route, kind: str, body: bytes) -> None:
    request = wire(route).request(0, 1, -1)
    assert f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body in request
    assert request.count(b"Content-Type") == 1


def test_a_header_of_the_route_goes_before_the_targets() -> None:
    route = Route(path="/", headers={"x-tenant": "route", "Accept": "text/plain"})
    _, fields = head(wire(route, headers={"X-Tenant": "target", "X-Other": "o"}).request(0, 1, -1))
    assert "x-tenant: route" in fields and "X-Other: o" in fields and "Accept: text/plain" in fields
    assert len(fields) == 6
