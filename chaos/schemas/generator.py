"""From a model of a file to its JSON schema: as a person writes the file, not as midnight keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from chaos.schemas import comments
from chaos.spec.units import PERCENTILE_RULE, RATIO_RULE, SIZE_RULE, TIME_RULE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{model}"

_UNITS = {
    "time": TIME_RULE,
    "positive time": f"{TIME_RULE}, over 0",
    "size": SIZE_RULE,
    "ratio": RATIO_RULE,
    "goal": RATIO_RULE,
    "percentile": PERCENTILE_RULE,
}
"""Types that are defined once for a whole schema, by their titles."""

_STATUS: JsonSchemaValue = {"type": "integer", "minimum": 100, "maximum": 599}
_ALSO: Mapping[str, Sequence[JsonSchemaValue]] = {
    "_as_condition": ({"not": {"type": "object"}},),
    "_as_delta": ({"type": "number"},),
    "_as_expectation": (_STATUS, {"type": "array", "items": _STATUS}),
    "_as_field": ({"type": "string"},),
    "_as_source": ({"type": "string"},),
    "_as_output": ({"type": "string"},),
    "_one_or_more": ({"type": ["string", "integer"]},),
    "_statuses": (_STATUS, {"type": "array", "items": _STATUS}),
}
"""What a validator that runs before the type of its field accepts beside it, by the validator's name."""


class Written(GenerateJsonSchema):
    """Types with units as text, forms that a validator turns into another, comments as descriptions."""

    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Only defaults that a person would write as they are: others are in seconds or bytes, or are no value."""
        found = super().default_schema(schema)
        if (
            found.get("title") in _UNITS
            or not isinstance(found.get("default"), str | int)
            or not found["default"]
        ):
            found.pop("default", None)
        return found

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        found = super().tagged_union_schema(schema)
        return {"anyOf": found["oneOf"]} if "oneOf" in found else found

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        name = getattr(schema["function"]["function"], "__name__", "")
        if name == "_time_of_day":
            return {"type": "string", "pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"}
        inner = self.generate_inner(schema["schema"])
        if name == "_listed":
            return {"anyOf": [inner.get("items", {}), inner]}
        return {"anyOf": [inner, *_ALSO[name]]} if name in _ALSO else inner

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model = schema["cls"]
        told, keys = comments.of_fields(model), found
        if "properties" not in found and "anyOf" in found:  # other forms may be written in its place
            keys = found["anyOf"][0]
            keys["additionalProperties"] = found.pop("additionalProperties", True)
        for name, field in model.model_fields.items():
            written = keys.get("properties", {}).get(field.alias or name)
            if isinstance(written, dict) and name in told:
                written["description"] = told[name]
        if found.get("description"):
            found["description"] = " ".join(found["description"].split())
        return found


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model; types with units are defined once, and names that match no pattern are refused."""
    found = model.model_json_schema(by_alias=True, schema_generator=Written, ref_template=REFERENCE)
    units: dict[str, Any] = {}
    tidied: dict[str, Any] = _tidied(found, units)
    tidied["$defs"] = {**tidied.get("$defs", {}), **units}
    return tidied


def _tidied(node: Any, units: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_tidied(each, units) for each in node]
    if not isinstance(node, dict):
        return node
    title = node.get("title")
    if isinstance(title, str) and title in _UNITS:
        name = title.replace(" ", "-")
        plain = {key: value for key, value in node.items() if key != "title"}
        units.setdefault(name, {**plain, "description": _UNITS[title]})
        told = {} if node["description"].startswith("must be") else {"description": node["description"]}
        return {"$ref": REFERENCE.format(model=name), **told}
    found = {key: _tidied(value, units) for key, value in node.items()}
    if "patternProperties" in found and "properties" not in found:
        found.setdefault("additionalProperties", False)
    return found
