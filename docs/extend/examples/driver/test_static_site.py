"""The site comes up, and the JSON of its undo takes it down again."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import httpx
import pytest
from midnight_static_site import StaticSite, StaticSiteOptions

from chaos.plugin import Aborted, Site, Target, TargetError, Undo

TARGET = Target(name="site", driver="static_site", options={"directory": "public"})


class Journal:
    """What was journalled, as another process would read it."""

    def __init__(self) -> None:
        self.undos: list[Undo] = []

    def creating(self, what: str, undo: Undo) -> None:
        del what
        self.undos.append(json.loads(json.dumps(undo)))


def site(directory: Path, within: float = 10.0) -> StaticSite:
    return StaticSite(TARGET, StaticSiteOptions(directory=directory, ready_within=within), {}, {})


def test_it_gives_what_it_offers_and_its_undo_takes_it_down(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("Hello.")
    journal = Journal()
    handles = site(tmp_path).up(Site("run-1", journal.creating))
    try:
        assert handles.offered() == StaticSite.offers(TARGET)
        assert httpx.get(f"{handles.base_url}/index.html", trust_env=False).text == "Hello."
    finally:
        evidence = [StaticSite.undo(undo) for undo in journal.undos]
    assert evidence == [{"stopped": 1}]
    with pytest.raises(httpx.ConnectError):
        httpx.get(handles.base_url, trust_env=False)
    assert [StaticSite.undo(undo) for undo in journal.undos] == [{"stopped": 0}]


def test_what_does_not_come_up_is_a_target_error_and_undone_all_the_same(tmp_path: Path) -> None:
    journal = Journal()
    with pytest.raises(TargetError, match="is not ready"):
        site(tmp_path / "missing", within=0.1).up(Site("run-2", journal.creating))
    for undo in journal.undos:
        StaticSite.undo(undo)


def test_a_run_that_is_stopped_waits_no_longer(tmp_path: Path) -> None:
    journal, stopping = Journal(), threading.Event()
    stopping.set()
    with pytest.raises(Aborted):
        site(tmp_path).up(Site("run-3", journal.creating, stopping))
    for undo in journal.undos:
        StaticSite.undo(undo)


def test_a_directory_that_is_missing_is_known_before(tmp_path: Path) -> None:
    (probe,) = site(tmp_path / "missing").probes()
    assert (probe.answer, probe.remedy) == ("no", "correct options: directory")
