"""The contract of a driver. The target that it brings up comes from the fixture `midnight_target`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from chaos.contract.elsewhere import as_json, undo_elsewhere
from chaos.contract.faults import NO_SUCH_KEY
from chaos.contract.traces import Traces, nothing_left
from chaos.plan import build
from chaos.plugin import registry
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Undo
from chaos.plugin.handles import Handles, is_handle
from chaos.spec.target import Target

Made = tuple[Target, Driver]


@pytest.fixture
def kind(midnight_subject: str) -> type[Driver]:
    return registry.driver(midnight_subject)


@pytest.fixture
def made(midnight_subject: str, midnight_target: Path | None, midnight_staging: Mapping[str, float]) -> Made:
    """The target and a driver for it, which has touched nothing yet."""
    if midnight_target is None:
        pytest.skip(f"return a target of driver {midnight_subject!r} from a fixture `midnight_target`")
    target, driver, options = build.target_of(midnight_target)
    if target.driver != midnight_subject:
        pytest.skip(f"{midnight_target} is a target of driver {target.driver!r}")
    _, settings = build.profile_of(midnight_target, target, driver)
    return target, driver(target, options, settings, midnight_staging)


@pytest.fixture
def creating(midnight_subject: str) -> Iterator[dict[str, Undo]]:
    """What was journalled before it was created; whatever a test makes of it, it is undone."""
    undos: dict[str, Undo] = {}
    yield undos
    for undo in newest_first(undos):
        registry.driver(midnight_subject).undo(undo)


def newest_first(undos: dict[str, Undo]) -> list[Undo]:
    """As `heal` undoes them: what is urgent before all others."""
    return sorted(reversed(undos.values()), key=lambda undo: not undo.get("urgent", False))


def test_its_options_refuse_an_unknown_key(kind: type[Driver]) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.Options.model_validate({NO_SUCH_KEY: 1})
    places = [error["loc"] for error in refused.value.errors()]
    assert (NO_SUCH_KEY,) in places, (
        "a misspelt option must be refused: Options derives from chaos.plugin.Model"
    )


def test_it_offers_handles_that_faults_can_need(made: Made) -> None:
    target, driver = made
    offered = driver.offers(target)
    assert isinstance(offered, frozenset) and driver.offers(target) == offered
    assert [name for name in offered if not is_handle(name)] == []


def test_its_probes_answer_without_raising(made: Made) -> None:
    list(made[1].probes())


def test_it_gives_what_it_offers_and_is_taken_down_twice(
    made: Made, creating: dict[str, Undo], midnight_subject: str
) -> None:
    (target, driver), mark = made, f"contract-{secrets.token_hex(4)}"
    traces = Traces(Handles(), mark)
    handles = driver.up(Site(mark, _recorder(creating)))
    assert handles.offered() == driver.offers(target)
    driver.drain()
    for undo in newest_first(creating):
        undo_elsewhere(f"target:{midnight_subject}", undo)
    nothing_left(traces.left(), "the undos in another process")
    for undo in newest_first(creating):
        as_json(driver.undo(undo))


def _recorder(undos: dict[str, Undo]) -> Callable[[str, Undo], None]:
    def record(what: str, undo: Undo) -> None:
        assert what not in undos, f"{what!r} is created twice: one undo would replace the other"
        undos[what] = as_json(undo)
        assert undos[what] == undo, "another process reads the undo from JSON: it must be the same there"

    return record
