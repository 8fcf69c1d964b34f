"""What a plan prints of a step can be typed into a file, or after --set, as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from chaos.plugin import registry
from chaos.spec.units import WRITTEN, Ratio, Seconds, Size
from chaos.spec.written import as_written
from chaos.spec.yamlfile import Model


class Every(Model):
    time: Seconds
    size: Size
    ratio: Ratio
    perhaps: Seconds | None = None
    several: tuple[Size, ...] = ()
    switch: bool = True
    count: int = 3


def read_back(model: Model) -> Model:
    text = "\n".join(f"{key}: {value}" for key, value in as_written(model).items())
    return type(model).model_validate(YAML(typ="safe").load(text) or {}, context=dict(WRITTEN))


@given(st.floats(0, 10**6), st.integers(0, 10**15), st.floats(0, 1), st.none() | st.floats(0, 60))
def test_every_value_is_read_back_as_it_was(
    time: float, size: int, ratio: float, perhaps: float | None
) -> None:
    model = Every(time=time, size=size, ratio=ratio, perhaps=perhaps, several=(size, 5))
    found = read_back(model)
    assert isinstance(found, Every)
    assert (found.time, found.size, found.perhaps) == (time, size, perhaps)
    assert found.ratio == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize("name", registry.names("faults"))
def test_the_defaults_of_every_fault_are_read_back_as_they_are(name: str) -> None:
    params = registry.fault(name).Params
    try:
        defaults = params()
    except ValidationError:
        pytest.skip("it has no defaults")
    assert read_back(defaults) == defaults


def test_values_are_short() -> None:
    model = Every(time=0.5, size=400_000_000, ratio=0.995, perhaps=90.0)
    assert list(as_written(model).values()) == ["500ms", "400MB", "99.5%", "1m30s", "[]", "true", "3"]
