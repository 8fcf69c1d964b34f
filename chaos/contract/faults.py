"""The contract of a fault. The handles that it needs come from the fixture `midnight_handles`."""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from pydantic import ValidationError

from chaos.contract.elsewhere import as_json, undo_elsewhere
from chaos.contract.traces import Traces, nothing_left
from chaos.plugin import registry
from chaos.plugin.fault import Fault, Undo
from chaos.plugin.handles import Handles, is_handle
from chaos.plugin.staging import unknown_key
from chaos.record.inventory.document import KINDS
from chaos.spec import wording, yamlfile
from chaos.spec.yamlfile import Model

HOLD = 0.5  # seconds
RETURNS_WITHIN = 60.0  # seconds for a hold that was told to stop; a guard, no measurement
NO_SUCH_KEY = "no_such_key_7qx"


@pytest.fixture
def kind(midnight_subject: str) -> type[Fault]:
    return registry.fault(midnight_subject)


@pytest.fixture
def params(kind: type[Fault], midnight_params: Mapping[str, Any], midnight_subject: str) -> Model:
    try:
        return yamlfile.written(kind.Params, midnight_params)
    except ValidationError as error:
        broken = wording.rules(error, kind.Params, midnight_params)
    wanted = [str(rule.place[0]) for rule in broken if rule.text == wording.REQUIRED and rule.place]
    if wanted and not midnight_params:
        example = ", ".join(f'"{name}": ...' for name in wanted)
        pytest.skip(
            f"{midnight_subject} has parameters without a default: write into conftest.py a fixture "
            f"`midnight_params` that returns {{{example}}}"
        )
    pytest.fail(
        "\n".join(
            ["the fixture `midnight_params` returns parameters that the fault refuses:"]
            + [f"  {': '.join(map(str, rule.place))}: {rule.text}" for rule in broken]
        ),
        pytrace=False,
    )


@pytest.fixture
def mark(midnight_subject: str) -> str:
    return f"contract-{secrets.token_hex(4)}/{midnight_subject}"


@pytest.fixture
def make(
    kind: type[Fault], params: Model, midnight_handles: Handles, midnight_subject: str, mark: str
) -> Callable[[], Fault]:
    offered = midnight_handles.offered()
    needed = kind.needs | kind.needs_of(params)
    if lacking := sorted(need for need in needed if not offered & set(need.split("|"))):
        pytest.skip(
            f"{midnight_subject} needs {', '.join(lacking)}: return them from a fixture `midnight_handles`"
        )
    return lambda: kind(params, midnight_handles, mark)


@pytest.fixture
def traces(make: Callable[[], Fault], midnight_handles: Handles, mark: str) -> Traces:
    """What is there before the fault acts."""
    del make  # a fault that lacks handles is skipped before anything is looked at
    return Traces(midnight_handles, mark)


@contextmanager
def prepared(fault: Fault) -> Iterator[Undo]:
    """The undo of a prepared fault; whatever a test makes of it, it is undone."""
    undo = fault.prepare()
    try:
        yield undo
    finally:
        type(fault).undo(undo)


def test_its_parameters_refuse_an_unknown_key(kind: type[Fault]) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.Params.model_validate({NO_SUCH_KEY: 1})
    places = [error["loc"] for error in refused.value.errors()]
    assert (NO_SUCH_KEY,) in places, (
        "a misspelt parameter must be refused: Params derives from chaos.plugin.Model"
    )


def test_it_needs_what_a_target_can_offer(kind: type[Fault], params: Model) -> None:
    needs, needs_of = kind.needs, kind.needs_of(params)
    assert isinstance(needs, frozenset) and isinstance(needs_of, frozenset)
    assert kind.needs_of(params) == needs_of, "the same parameters must have the same needs"
    strange = [name for need in needs | needs_of for name in need.split("|") if not is_handle(name)]
    assert not strange, "no target can offer these handles"


def test_its_staging_keys_are_known(kind: type[Fault], params: Model) -> None:
    staged = dict(kind.staging(params))
    rule = unknown_key(staged)
    if rule is not None:  # a driver that comes with the fault may know it
        rule = unknown_key(staged, frozenset[str]().union(*map(_stages, registry.names("targets"))))
    assert rule is None
    assert all(math.isfinite(amount) and amount >= 0 for amount in staged.values()), staged


def test_its_undo_is_json(make: Callable[[], Fault]) -> None:
    fault = make()
    with prepared(fault) as undo:
        assert as_json(undo) == undo, "another process reads the undo from JSON: it must be the same there"


def test_probes_and_prepare_change_nothing(make: Callable[[], Fault], traces: Traces) -> None:
    fault = make()
    list(fault.probes())
    with prepared(fault):
        nothing_left(traces.left(), "prepare, before inject")


def test_an_undo_without_an_inject_works(
    make: Callable[[], Fault], traces: Traces, midnight_subject: str
) -> None:
    fault = make()
    with prepared(fault) as undo:
        undo_elsewhere(f"fault:{midnight_subject}", as_json(undo))
        nothing_left(traces.left(), "an undo without an inject, in another process")
        as_json(type(fault).undo(as_json(undo)))
        nothing_left(traces.left(), "a second undo without an inject")


def test_an_undo_in_another_process_leaves_nothing(
    make: Callable[[], Fault], traces: Traces, midnight_subject: str
) -> None:
    fault = make()
    with prepared(fault) as undo:
        rebuilt = as_json(undo)
        as_json(fault.inject())
        held = fault.hold(HOLD, threading.Event())
        undo_elsewhere(f"fault:{midnight_subject}", rebuilt)
        nothing_left(traces.left(type(fault).explains(rebuilt)), "the undo in another process")
    as_json(held.to_json())
    assert set(held.floor) <= set(held.dose), "each floor needs its dose"
    assert type(fault).touches(rebuilt) <= set(KINDS)


def test_an_undo_does_not_rely_on_the_hold(
    make: Callable[[], Fault], traces: Traces, midnight_subject: str
) -> None:
    fault = make()
    with prepared(fault) as undo:
        fault.inject()
        try:  # as after a `kill -9` before the hold has ended
            undo_elsewhere(f"fault:{midnight_subject}", as_json(undo))
            left = traces.left(type(fault).explains(undo), held=False)
            nothing_left(left, "an undo before the hold has ended")
        finally:
            _stopped(fault)


def test_it_can_be_undone_twice(make: Callable[[], Fault], traces: Traces, midnight_subject: str) -> None:
    fault = make()
    with prepared(fault) as undo:
        rebuilt = as_json(undo)
        fault.inject()
        fault.hold(HOLD, threading.Event())
        as_json(type(fault).undo(rebuilt))
        undo_elsewhere(f"fault:{midnight_subject}", rebuilt)
        nothing_left(traces.left(type(fault).explains(rebuilt)), "the second of two undos")


def test_a_hold_that_is_stopped_returns(make: Callable[[], Fault]) -> None:
    fault = make()
    with prepared(fault):
        fault.inject()
        assert _stopped(fault), "the runner sets `stop` when the run is stopped: hold must return"


def _stopped(fault: Fault) -> bool:
    """Hold it with `stop` set; whether it returns."""
    stop = threading.Event()
    stop.set()
    holding = threading.Thread(target=_held, args=(fault, stop), daemon=True)
    holding.start()
    holding.join(RETURNS_WITHIN)
    return not holding.is_alive()


def _held(fault: Fault, stop: threading.Event) -> None:
    with suppress(Exception):  # what is wrong with the dose is found by another test
        fault.hold(600.0, stop)


def _stages(driver: str) -> frozenset[str]:
    with suppress(Exception):  # a driver of another package that cannot be imported
        return registry.driver(driver).stages
    return frozenset()
