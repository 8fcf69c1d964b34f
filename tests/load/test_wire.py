"""The bytes of a request: its line, headers and body, with values filled in and no header smuggled in."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest

from chaos.load import ledger, values
from chaos.load.spec import LoadSpec
from chaos.load.values import Row
from chaos.load.wire import Wire
from chaos.spec.request import Upload
from chaos.spec.routes import Route
from tests.load.writing import writing

FORM = "application/x-www-form-urlencoded"


def wire(route: Route, base_url: str = "http://127.0.0.1:8080", **more: Any) -> Wire:
    spec = {"base_url": base_url, "routes": (route,), "timeouts": (1.0,), "seed": 7, **more}
    return Wire(LoadSpec(hits=Path("h"), instrument=Path("i"), clock_zero=0.0, **spec))


def head(request: bytes) -> tuple[str, list[str]]:
    line, *fields = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return line, fields


def test_a_request_is_these_bytes() -> None:
    assert wire(Route(path="/items/{item}?again={item}", items=9)).request(0, Row(7, 3)) == (
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
    found, fields = head(wire(Route(path=path), base_url).request(0, Row(7, 1)))
    assert found == line
    assert fields[0] == f"Host: {host}"


def test_a_body_has_its_length_and_its_type() -> None:
    request = wire(Route(method="PUT", path="/", json={"q": "ü"}), headers={"content-type": "x"}).request(
        0, Row(7, 1)
    )
    body = json.dumps({"q": "ü"}).encode()
    assert request.endswith(
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert b"content-type: x" not in request


@pytest.mark.parametrize(("method", "length"), [("GET", []), ("DELETE", ["Content-Length: 0"])])
def test_a_request_without_a_body_has_no_content_type(method: str, length: list[str]) -> None:
    route = Route.model_validate({"method": method, "path": "/"})
    assert head(wire(route).request(0, Row(7, 1)))[1][4:] == length


def test_a_write_carries_its_record_under_a_key_of_the_run() -> None:
    base = ledger.base_of("20261126T235900Z-a1b2c3")
    writes = wire(writing(), ledger_base=base)
    for seq in (1, 22):
        request = writes.request(0, Row(base + seq, 1))
        payload, checksum = ledger.record(base + seq)
        body = request.partition(b"\r\n\r\n")[2]
        assert json.loads(body) == {"seq": base + seq, "payload": payload, "checksum": checksum}
        assert f"Content-Length: {len(body)}" in head(request)[1]


def test_the_targets_own_fields_override_midnights_in_any_case() -> None:
    headers = {"hOST": "virtual.test", "user-agent": "them", "Authorization": "Bearer {item}"}
    _, fields = head(wire(Route(path="/{item}"), headers=headers).request(0, Row(7, 5)))
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
        (Route(method="PATCH", path="/", json=[1, 2]), "application/json", b"[1, 2]"),
        (
            Route(method="POST", path="/", body="<a/>", headers={"Content-Type": "text/xml"}),
            "text/xml",
            b"<a/>",
        ),
    ],
    ids=["a form", "a list", "a text"],
)
def test_a_body_is_sent_as_the_route_says(route: Route, kind: str, body: bytes) -> None:
    request = wire(route).request(0, Row(7, 1))
    assert f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body in request
    assert request.count(b"Content-Type") == 1


def test_a_header_of_the_route_goes_before_the_targets() -> None:
    route = Route(path="/", headers={"x-tenant": "route", "Accept": "text/plain"})
    _, fields = head(wire(route, headers={"X-Tenant": "target", "X-Other": "o"}).request(0, Row(7, 1)))
    assert "x-tenant: route" in fields and "X-Other: o" in fields and "Accept: text/plain" in fields
    assert len(fields) == 6


def sent(route: Route, row: Row | None = None, **more: Any) -> tuple[str, dict[str, str], bytes]:
    """The request line, the fields and the body."""
    request = wire(route, **more).request(0, row)
    line, fields = head(request)
    return line, dict(each.split(": ", 1) for each in fields), request.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("method", ["PROPFIND", "PURGE", "M-SEARCH", "TRACE", "OPTIONS", "REPORT"])
def test_any_method_is_sent(method: str) -> None:
    line, fields, _ = sent(Route.model_validate({"method": method, "path": "/a"}))
    assert line == f"{method} /a HTTP/1.1"
    assert ("Content-Length" in fields) == (method not in ("TRACE", "OPTIONS"))


def test_values_are_filled_in_everywhere() -> None:
    route = Route(
        method="POST",
        path="/{uuid}/{row.name}?a={row.name}",
        query={"b": ["{row.name}", True, 1.5], "{item}": ""},
        headers={"X-Name": "<{row.name}>"},
        cookies={"sid": "{sid}", "n": "{row.name}"},
        json={"{item}": ["{row.name}", "{item}", "{seq}"]},
    )
    line, fields, body = sent(route, Row(123, 7, {"name": 'Zo\u00eb "/?&;'}), taken={"sid": "s%2F=1"})
    path = f"/{values.uuid_of(123)}/Zo%C3%AB%20%22%2F%3F%26%3B?a=Zo%C3%AB%20%22%2F%3F%26%3B"
    assert line == f"POST {path}&b=Zo%C3%AB+%22%2F%3F%26%3B&b=true&b=1.5&7= HTTP/1.1"
    assert fields["X-Name"] == '<Zo\u00eb "/?&;>' and fields["Cookie"] == "sid=s%2F=1; n=Zo%C3%AB%20%22/?&%3B"
    assert json.loads(body) == {"7": ['Zo\u00eb "/?&;', 7, 123]}
    assert fields["Content-Length"] == str(len(body)) and fields["Content-Type"] == "application/json"


def test_no_value_of_a_row_adds_a_header() -> None:
    route = Route(
        path="/{row.x}", query={"{row.x}": "{row.x}"}, headers={"X": "{row.x}"}, cookies={"c": "{row.x}"}
    )
    request = wire(route).request(0, Row(1, row={"x": "a\r\nInjected: 1\r\n\r\nGET / HTTP/1.1"}))
    assert request.count(b"\r\n") == 8 and b"\nInjected" not in request


def test_text_and_forms_are_filled_in() -> None:
    text = Route(method="POST", path="/", body='{"a": {"b": {seq}}}')
    assert sent(text, Row(5))[2] == b'{"a": {"b": 5}}'
    form = Route(method="POST", path="/", form={"a b": "{row.x}", "c": ["1", False]})
    _, fields, body = sent(form, Row(5, row={"x": "1&2=3"}))
    assert body == b"a+b=1%262%3D3&c=1&c=false" and fields["Content-Length"] == str(len(body))


def test_an_upload_is_a_multipart_body(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    here = Upload(field='do"c', name="{uuid}.txt", content="{payload}", type="text/plain")
    kept = Upload(path=tmp_path / "a.bin")
    for upload, name, kind in (
        (here, f"{values.uuid_of(5)}.txt", "text/plain"),
        (kept, "a.bin", "application/octet-stream"),
    ):
        route = Route(
            method="POST", path="/", form={"n": "{item}"}, file=upload, headers={"content-type": "x"}
        )
        _, fields, body = sent(route, Row(5, 7))
        parsed = email.message_from_bytes(
            f"Content-Type: {fields['Content-Type']}\r\n\r\n".encode() + body, policy=email.policy.HTTP
        )
        field, file = parsed.iter_parts()
        assert field.get_content().strip() == "7" and file.get_filename() == name
        assert file.get_content_type() == kind and "content-type" not in fields
        content = ledger.record(5)[0] if upload is here else bytes(range(256))
        assert len(file.get_payload(decode=True)) == len(content)


def test_a_request_in_which_nothing_is_filled_in_is_the_same_bytes() -> None:
    shape = wire(Route(method="POST", path="/{token}", json={"a": "{token}"}), taken={"token": "t"})
    assert shape.request(0, None) is shape.request(0, None)
