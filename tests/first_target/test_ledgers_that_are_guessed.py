"""The ledger that `midnight init` proposes: from an API document, from a list, and an example if neither shows one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chaos.first_target import ledgers, writing
from chaos.first_target.asking import Answer
from chaos.first_target.draft import Consent
from chaos.spec import target
from tests.first_target.uncommented import described, route_uncommented, switched_on
from tests.load.server import Server


def _operation(**given: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "good"}}, **given}


def _body(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


TEXT, NUMBER, UUID = {"type": "string"}, {"type": "integer"}, {"type": "string", "format": "uuid"}
ID = {"parameters": [{"name": "id", "in": "path", "schema": NUMBER}]}


def _documented(server: Server, paths: dict[str, Any]) -> None:
    document = {"openapi": "3.0.0", "info": {"title": "shop", "version": "1"}, "paths": paths}
    server.said["/openapi.json"] = (200, "Content-Type: application/json\r\n", json.dumps(document))
    server.said["/"] = (404, "", "")


@pytest.mark.parametrize(
    ("paths", "name", "ledger"),
    [
        (
            {
                "/parts": {"post": _operation(**_body(sku=TEXT, count=NUMBER))},
                "/parts/{id}": {"get": _operation(**ID), "delete": _operation(**ID)},
            },
            "post-parts",
            {"key": "$.id", "payload": "$.sku", "get": "/parts/{key}", "remove": "/parts/{key}"},
        ),
        (
            {
                "/parts": {"post": _operation(**_body(id=UUID, note=TEXT, sku=TEXT))},
                "/parts/{id}": {"get": _operation(**ID)},
            },
            "post-parts",
            {"key": "{uuid}", "payload": "$.note", "get": "/parts/{key}", "remove": None},
        ),
        (
            {"/parts/{id}": {"put": _operation(parameters=[ID["parameters"][0] | {"schema": UUID}], **_body(note=TEXT)),
                             "get": _operation(**ID)}},
            "put-parts-uuid",
            {"key": "{uuid}", "payload": "$.note", "get": "/parts/{key}", "remove": None},
        ),
    ],
)  # fmt: skip
def test_a_ledger_is_guessed_from_an_api_document_and_valid_as_it_is(
    tmp_path: Path, server: Server, paths: dict[str, Any], name: str, ledger: dict[str, Any]
) -> None:
    _documented(server, paths)
    text = writing.target(described(server.url), Consent("Ada", "2999-12-31"), date(2026, 11, 27))
    file = tmp_path / "shop.yaml"
    file.write_text(route_uncommented(text, name))
    found = target.load(file).routes[name].ledger
    assert found is not None
    shown = {
        "key": found.key,
        "payload": found.payload,
        "get": found.read.get,
        "remove": found.remove and found.remove.path,
    }
    assert shown == ledger
    assert "no write is measured until a route has a `ledger`; this one is a guess" in " ".join(text.split())


@pytest.mark.parametrize("schema", [NUMBER, UUID])
def test_a_record_that_the_list_shows_is_read_by_its_key(
    tmp_path: Path, server: Server, schema: dict[str, str]
) -> None:
    by_key = _operation(parameters=[ID["parameters"][0] | {"schema": schema}])
    _documented(server, {"/parts": {"get": _operation()}, "/parts/{id}": {"get": by_key}})
    server.said["/parts"] = (200, "", '[{"id": "a/7", "sku": "x"}]')
    server.said["/parts/a%2F7"] = (200, "", "{}")
    routes = switched_on(described(server.url), tmp_path).routes
    assert {route.path for route in routes.values()} == {"/parts", "/parts/a%2F7"}


def test_a_write_that_nothing_reads_gets_no_guess_but_an_example(tmp_path: Path, server: Server) -> None:
    _documented(server, {"/mails": {"post": _operation(**_body(note=TEXT))}})
    made = switched_on(described(server.url), tmp_path, "routes")
    assert made.routes["add"].ledger is not None and "post-mails" not in made.routes
    text = (tmp_path / "shop.yaml").read_text()
    assert "off: it writes: add a `ledger`, then uncomment it" in text
    assert "No write is measured until a route has a `ledger`" in text


def test_a_ledger_is_guessed_from_a_list_with_a_cursor(tmp_path: Path, server: Server) -> None:
    page = {"paging": {"next": None}, "data": [{"id": "a1", "text": "seed", "at": 3}]}
    server.said["/todos"] = (200, "", json.dumps(page))
    route = switched_on(described(server.url, "/todos"), tmp_path, "routes").routes["add"]
    assert (route.method, route.path, route.document) == ("POST", "/todos", {"text": "{checksum}"})
    assert route.ledger is not None and route.ledger.key == "$.id"
    read = route.ledger.read
    assert (read.list, read.keys, read.payload) == (
        "/todos?cursor={cursor}",
        "$.data[*].id",
        "$.data[*].text",
    )
    assert read.page is not None and read.page.cursor == "$.paging.next"
    assert route.ledger.remove is not None and route.ledger.remove.path == "/todos/{key}"


def test_behind_a_page_the_example_is_a_form(tmp_path: Path, server: Server) -> None:
    server.said["/"] = (200, "Content-Type: text/html\r\n", "<html><title>Notes</title></html>")
    route = switched_on(described(server.url), tmp_path, "routes").routes["add"]
    assert route.form and route.ledger is not None and route.ledger.read.sql


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("[]", ledgers.Listing("$[*]")),
        ('[{"uuid": "x", "name": "n"}]', ledgers.Listing("$[*]", "uuid", "name", "", "x")),
        ('[{"name": 3}]', ledgers.Listing("$[*]")),
        ('{"a": [1], "b": [{"_id": 4}], "next_page": "c"}', ledgers.Listing("$.b[*]", "_id", "", "$.next_page", "4")),
        ('{"items": [[1]]}', None),
        ('{"a b": [{"id": 1}]}', None),
        ('{"next": null}', None),
        ("3", None),
        ("not JSON", None),
        ("[" * 100_000, None),
    ],
)  # fmt: skip
def test_a_list_is_seen_in_an_answer(said: str, found: ledgers.Listing | None) -> None:
    assert ledgers.listing(Answer(200, "", "application/json", said)) == found
