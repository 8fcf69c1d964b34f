"""Whatever a validator finds is said in midnight's words, never in those of a library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from chaos.checks.rejudge import Objectives
from chaos.errors import FileError
from chaos.plugin import registry
from chaos.schedule.file import ScheduleFile
from chaos.spec import keys, wording, yamlfile
from chaos.spec.broken import BrokenRule
from chaos.spec.experiment import Experiment
from chaos.spec.openslo.models import Document, HitsOfTheLoad, Indicator, SloSpec
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.suite import Suite
from chaos.spec.target import Target

MODELS = (Experiment, Suite, RestoreExperiment, Objectives, Target, ScheduleFile)
OPENSLO = (Document, SloSpec, Indicator, HitsOfTheLoad)
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**400, float("inf"), float("nan"), "", "x", "-1s", "%", "1 B", "é\n", "2026-13-77",
    [], [1], [None], [[]], [{}], {}, {"a": 1}, {"a": None}, {"a": {}}, {"zzz": []}, "v" * 5000,
)  # fmt: skip
THEIRS = re.compile(
    r"Input|Value error|Assertion|should |valid |String|pydantic|dictionary|instance|Field|Extra|tuple|\bdict\b"
)


def models(*roots: type[BaseModel]) -> Iterator[type[BaseModel]]:
    seen: set[type[BaseModel]] = set()
    left = list(roots)
    while left:
        model = left.pop()
        if model not in seen:
            seen.add(model)
            yield model
            left += [each for key in keys.fields(model).values() for each in keys.models(key, items=True)]


def all_models() -> list[type[BaseModel]]:
    faults = [registry.fault(name).Params for name in registry.names("faults")]
    options = [registry.driver(name).Options for name in registry.names("targets")]
    actions = [each for name in registry.names("targets") for each in registry.driver(name).actions.values()]
    return list(models(*MODELS, *OPENSLO, *faults, *options, *actions))


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.__name__)
def test_no_rule_of_any_key_is_in_the_words_of_a_library(model: type[BaseModel]) -> None:
    for key in [*keys.fields(model), "zzz"]:
        for value in JUNK:
            given = {key: value}
            try:
                yamlfile.written(model, given)
            except ValidationError as error:
                found = wording.rules(error, model, given)
                assert found
                assert [rule for rule in found if THEIRS.search(rule.text)] == [], given
                assert [rule for rule in found if rule.text == wording.OTHER] == [], given


def test_a_plug_in_that_uses_another_type_gets_a_rule_all_the_same() -> None:
    class Odd(yamlfile.Model):
        number: complex

    with pytest.raises(ValidationError) as refused:
        yamlfile.written(Odd, {"number": "x"})
    (rule,) = wording.rules(refused.value, Odd, {"number": "x"})
    assert (rule.place, rule.text, rule.value) == (("number",), wording.OTHER, "x")


class Bounds(yamlfile.Model):
    least: int = 1
    most: int = 2

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.least >= self.most:
            yield BrokenRule("must be less than most", "least")
        if self.most > 9:
            yield BrokenRule("must be a digit", "most")


class BoundsInPydanticsWay(yamlfile.Model):
    least: int = 1
    most: int = 2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least >= self.most:
            raise ValueError("least must be less than most")
        return self


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            Bounds,
            [
                "1: step 'x': with: least: must be less than most, got 11",
                "1: step 'x': with: most: must be a digit, got 10",
            ],
        ),
        (BoundsInPydanticsWay, ["1: step 'x': with: least must be less than most"]),
    ],
)
def test_a_plug_in_refuses_what_spans_several_keys_in_the_same_form(
    model: type[BaseModel], said: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("steps: [{name: x, with: {least: 11, most: 10}}]")
    with pytest.raises(FileError) as refused:
        yamlfile.Where.read(path).under("steps", 0, "with").parse(model)
    assert [line.removeprefix(f"{path}:") for line in refused.value.lines] == said
