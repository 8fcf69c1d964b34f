"""What dies while an inventory is taken keeps nothing else from being compared, or undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.plugin import registry
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles, LogFiles, Proxy
from chaos.record import store
from chaos.record.inventory import document
from chaos.record.journal import Event, Writer
from chaos.record.store import RunDir
from chaos.undo.heal import heal_elsewhere
from chaos.undo.inventory import taking


def handles(logs: Path) -> Handles:
    files = LogFiles(logs, (logs / "app.log",), "copytruncate", False, "normal", None, "api")
    proxy = Proxy("http://127.0.0.1:9", "database", "127.0.0.1:1", "127.0.0.1:2")
    return Handles(logs=files, proxies={"database": proxy})


def test_an_unreadable_source_is_reported_and_the_rest_is_inventoried(run: RunDir, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/app.log").touch()
    taken = taking.before(run, handles(tmp_path / "logs"))
    assert list(taken.of("files")) == [str(tmp_path / "logs/app.log")]
    (because,) = taken.unread["proxies"].values()
    assert "refused" in because
    assert document.load(run.inventory_before) == taken == document.load(store.kept(run).inventory_before)


def test_a_failing_comparison_does_not_keep_anything_from_being_undone(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone: list[str] = []

    def taken_back(undo: Undo) -> Evidence:
        undone.append(undo["name"])
        return {}

    monkeypatch.setattr(registry, "undo_of", lambda _: taken_back)
    monkeypatch.setattr(taking, "after", lambda _: 1 / 0)
    writer = Writer(run.events)
    for name, source, phase in (("files", "target", "creating"), ("drop", "step", "injecting")):
        detail = {"by": "fault:x", "undo": {"name": name}}
        writer.event(Event(float(len(name)), source, name, phase, detail))
    writer.close()
    assert [result.error for result in heal_elsewhere(run, "test", wait=0)] == [None, None]
    assert sorted(undone) == ["drop", "files"]


def test_the_healer_reports_what_a_run_with_a_deleted_directory_left_behind(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "SETTLED_WITHIN", 0)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/app.log").touch()
    taking.before(run, Handles(logs=handles(tmp_path / "logs").logs))
    writer = Writer(store.kept(run).events)
    writer.event(Event(1.0, "step", "rotate", "injecting", {"touches": ["files"]}))
    writer.close()
    (tmp_path / "logs/app.log").unlink()
    for file in run.path.iterdir():
        file.unlink()
    run.path.rmdir()
    (result,) = heal_elsewhere(run, "test", wait=0)
    assert result.error is not None
    assert result.error.startswith(f"not as before the run: {tmp_path / 'logs/app.log'}: is gone")
