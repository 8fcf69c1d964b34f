"""`midnight import openapi`: operations as routes, with bodies that fit their schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chaos.errors import FileError
from chaos.imports import importing
from chaos.imports.imported import Imported, ImportedRoute
from tests.imports.recorded import RECORDINGS, loaded, routes

FILLED = {
    "{uuid}": "550e8400-e29b-41d4-a716-446655440000",
    "{now}": "2026-11-27T00:00:00Z",
    "{seq}": "7",
    "{{": "{",
    "}}": "}",
}


def shop() -> Imported:
    return importing.from_openapi(str(RECORDINGS / "shop.yaml"), None)


def of(tmp_path: Path, schema: dict[str, Any]) -> ImportedRoute:
    """The route of an operation whose body has this schema."""
    media = {"content": {"application/json": {"schema": schema}}}
    document = {"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": media}}}}
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document))
    return importing.from_openapi(str(path), None).routes[0]


def filled(value: object) -> Any:
    """The value with its names filled in."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, str):
        for name, known in FILLED.items():
            value = value.replace(name, known)
    return value


def test_parameters_go_where_they_belong(tmp_path: Path) -> None:
    target = loaded(shop(), tmp_path / "shop.yaml")
    assert target.options["base_url"] == "http://127.0.0.1:8000/v1"
    listed = target.routes["get-items"]
    assert listed.query == {"limit": "5"} and listed.headers["X-Trace"] == "on"
    assert "sort" not in listed.query, "it is not required and has no example"
    one = target.routes["get-items-item"]
    assert (one.path, one.items, one.expect.status) == ("/items/{item}", 500, (200,))


def test_a_body_fits_the_schema_it_is_made_from() -> None:
    body = routes(shop())["POST", "/items"].request.body["json"]
    schemas = {
        "type": "object",
        "required": ["name", "id", "price", "tags", "at", "owner", "size", "parent"],
        "properties": {
            "name": {"type": "string", "minLength": 3},
            "id": {"type": "string", "format": "uuid"},
            "price": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.25},
            "tags": {"type": "array", "minItems": 2, "items": {"enum": ["new", "old"]}},
            "at": {"type": "string", "pattern": "^2026"},
            "owner": {"type": "string", "pattern": "@"},
            "size": {"type": "integer", "minimum": 3, "maximum": 9},
            "parent": {"const": {"word": "a {brace}"}},
        },
        "additionalProperties": False,
    }
    jsonschema.validate(filled(body), schemas)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5, "exclusiveMinimum": 7},
        {"type": "integer", "maximum": -3, "multipleOf": 3},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "string", "maxLength": 4},
        {"type": "string", "minLength": 40, "maxLength": 200},
        {"type": ["null", "boolean"]},
        {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "integer"}, "minItems": 3}]},
        {"const": "x{y}"},
        {"enum": [3, 4]},
        {
            "oneOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
                {"type": "integer"},
            ]
        },
        {"properties": {"a": {"type": "integer"}}},
        {"default": [1, {"b": False}]},
    ],
)
def test_every_made_up_value_is_valid(tmp_path: Path, schema: dict[str, Any]) -> None:
    value = of(tmp_path, {"type": "object", "required": ["v"], "properties": {"v": schema}}).request.body[
        "json"
    ]
    jsonschema.validate(filled(value)["v"], schema)


def test_what_deletes_or_is_deprecated_is_a_comment_with_the_reason(tmp_path: Path) -> None:
    found = routes(shop())
    assert found["DELETE", "/items/{item}"].off == "it deletes"
    assert found["GET", "/orders/{uuid}"].off == "the document marks it as deprecated"
    text = importing.target(shop(), 500, None).text
    assert "  # off: it deletes\n  # delete-items-item:\n  #   method: DELETE\n" in text
    assert set(loaded(shop(), tmp_path / "a.yaml").routes) == {
        "get-items",
        "post-items",
        "get-items-item",
        "post-login",
        "post-pictures",
    }


def test_security_becomes_references_to_secrets(tmp_path: Path) -> None:
    target = loaded(shop(), tmp_path / "shop.yaml")
    bearer: Any = target.routes["get-items"].headers["Authorization"]
    assert (bearer.env, bearer.prefix) == ("TARGET_SESSION", "Bearer ")
    assert "Authorization" not in target.routes["post-login"].headers
    assert target.routes["post-login"].form == {
        "user": "ann",
        "password": {"secret": {"env": "TARGET_PASSWORD"}},
    }
    key: Any = target.routes["post-pictures"].headers["X-Api-Key"]
    assert key.env == "TARGET_KEY"
    assert target.routes["post-pictures"].file is not None


def test_openapi_3_1_and_swagger_2_are_read(tmp_path: Path) -> None:
    users = loaded(importing.from_openapi(str(RECORDINGS / "users.json"), None), tmp_path / "users.yaml")
    assert users.routes["post-users"].document == {"name": "Ann", "age": 18, "kind": "person", "ratio": 0}
    assert users.routes["put-raw"].body == "a,b\n1,2\n"
    assert users.options["base_url"] == "http://127.0.0.1:8000/api"
    pets = loaded(importing.from_openapi(str(RECORDINGS / "pets.yaml"), None), tmp_path / "pets.yaml")
    assert pets.routes["post-pets"].document == {"name": "Rex"}
    assert pets.routes["post-pets-item-photo"].file is not None
    assert pets.routes["get-pets-find"].query == {
        "status": "sold",
        "api_key": {"secret": {"env": "TARGET_KEY"}},
    }
    basic: Any = pets.routes["post-pets"].headers["Authorization"]
    assert basic.prefix == "Basic " and pets.options["base_url"] == "https://pets.example/v2"


def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    body = "{content: {application/json: {schema: {$ref: 'other.yaml#/A'}}}}"
    path.write_text(f"openapi: 3.0.0\npaths: {{/a: {{post: {{requestBody: {body}}}}}}}\n")
    assert any("other.yaml#/A" in note for note in importing.from_openapi(str(path), None).notes)


def test_a_schema_that_contains_itself_ends(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}},
        "components": {"schemas": {"A": schema, "B": {"$ref": "#/components/schemas/B"}}},
    }
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document))
    assert any("contains itself" in note for note in importing.from_openapi(str(path), None).routes[0].notes)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("openapi: 4.0.0\npaths: {}\n", "is OpenAPI 4.0.0: 2.0, 3.0, 3.1 and 3.2 are read"),
        ("openapi: 3.0.0\npaths: {}\n", "describes no operation under `paths`"),
        ("a: 1\n", "not an OpenAPI document: it has neither `openapi` nor `swagger`"),
        ("[1, 2]\n", "not an OpenAPI document: it has neither `openapi` nor `swagger`"),
    ],
)
def test_what_is_no_openapi_document_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(text)
    with pytest.raises(FileError) as refused:
        importing.from_openapi(str(path), None)
    assert str(refused.value) == f"{path}: {rule}"
