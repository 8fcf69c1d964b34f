"""A read-back that cannot work is refused before the play, and one whose keys are taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.errors import NoVerdict
from chaos.load import asker, readback
from chaos.load.asker import Access
from chaos.load.readback import Place, refuse_taken
from chaos.spec.ledger import LedgerWrite
from tests.load.holding import Holding
from tests.load.planting import BASE, plant, ways, writes
from tests.load.readback_rules import BY_KEY, listed

pytestmark = pytest.mark.usefixtures("no_pause")


def refused(rule: LedgerWrite, url: str) -> str:
    with pytest.raises(NoVerdict) as error:
        refuse_taken(Place("add", rule, Access(url)), BASE, 20)
    return str(error.value)


def test_a_read_back_that_cannot_work_is_refused_before_the_play(holding: Holding) -> None:
    refuse_taken(Place("add", BY_KEY, Access(holding.url)), BASE, 20)
    holding.first = lambda _: (200, {"note": {"text": "any page"}}, {})
    assert "does not answer 404, although this run has not written that key yet" in refused(
        BY_KEY, holding.url
    )
    holding.first = lambda _: (403, {}, {})
    assert "the writes of route 'add' cannot be read back: GET /items/" in refused(BY_KEY, holding.url)
    chosen = ways(key="$.id", read={"get": "/items/{key}"})
    assert "answered with 403" in refused(chosen, holding.url)
    holding.first = lambda _: (200, json.dumps({"data": []}), {})
    holding.asked.clear()
    refuse_taken(
        Place("add", listed(list="/all"), Access(holding.url)), BASE, 20
    )  # it may be busy: judged afterwards
    assert len(holding.asked) == asker.TRIES


def test_a_place_in_which_none_of_the_first_writes_is_found_is_refused(
    holding: Holding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LOOK", 0.0)
    place, first = Place("add", BY_KEY, Access(holding.url)), writes(BY_KEY, tmp_path / "hits.npy", 3)
    with pytest.raises(
        NoVerdict, match="none of the first 3 acknowledged writes of route 'add' was found within"
    ):
        readback.refuse_unfound(place, first)
    holding.records = plant(["lost", "lost", "changed"], "{uuid}").rows
    readback.refuse_unfound(place, first)
    holding.records = []
    readback.refuse_unfound(place, writes(BY_KEY, tmp_path / "hits.npy", 2))  # two may have been lost
    holding.first = lambda _: (500, {}, {})
    readback.refuse_unfound(place, first)


@pytest.mark.parametrize("status", [400, 422])
def test_a_service_that_refuses_a_key_it_would_never_choose_can_be_read_back(
    holding: Holding, status: int
) -> None:
    holding.first = lambda _: (status, {}, {})
    assert (
        refuse_taken(
            Place("add", ways(key="$.id", read={"get": "/items/{key}"}), Access(holding.url)), BASE, 9
        )
        == ""
    )
    assert str(status) in refused(BY_KEY, holding.url)


def test_keys_that_are_taken_are_refused(holding: Holding) -> None:
    holding.records = plant(["kept"], "{uuid}").rows
    assert "already has a record with key" in refused(listed(list="/all"), holding.url)
