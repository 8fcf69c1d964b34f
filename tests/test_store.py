"""The list of runs that are not healed: found from anywhere, and never in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.record import store
from chaos.record.store import RunDir

pytestmark = pytest.mark.usefixtures("own_place")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "state/midnight/unhealed"


def begun() -> RunDir:
    run = store.create_run("smoke")
    run.run_file.write_text("{}")
    store.mark_unhealed(run)
    return run


def test_a_run_that_is_not_healed_is_found_from_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "others"))
    assert store.find_run(run.id) == run
    assert store.find_run(run.id[-6:]) == run
    store.mark_healed(run)
    with pytest.raises(UsageError, match="is not a stored run"):
        store.find_run(run.id)


def test_the_latest_run_of_an_experiment_is_found_by_its_name() -> None:
    run = begun()
    assert store.find_run("latest") == store.find_run(f"latest:{run.path.parent.name}") == run
    with pytest.raises(UsageError, match="no run of 'another'"):
        store.find_run("latest:another")


def test_a_run_that_is_both_stored_and_not_healed_is_one_run() -> None:
    run = begun()
    assert store.find_run(run.id[:20]) == run


@pytest.mark.parametrize("torn", ["", '{"run": "/re', "[]", "{}", '{"run": null}'])
def test_a_torn_entry_hides_no_other_run_and_is_dropped(torn: str, listed: Path) -> None:
    run = begun()
    (listed / "0-torn.json").write_text(torn)
    assert store.unhealed_runs() == [run]
    assert [entry.name for entry in listed.iterdir()] == [f"{run.id}.json"]


def test_a_full_disk_leaves_no_entry_behind(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create_run("smoke")
    write = Path.write_text

    def full(path: Path, text: str) -> int:
        write(path, text[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        store.mark_unhealed(run)
    assert list(listed.iterdir()) == []


def test_a_run_whose_directory_was_deleted_stays_listed_until_it_is_healed() -> None:
    run = begun()
    shutil.rmtree(run.path)
    assert store.unhealed_runs() == [store.kept(run)]
    assert store.find_run(run.id) == store.kept(run)
    store.mark_healed(run)
    assert store.unhealed_runs() == []
    assert not store.kept(run).path.exists()


def test_a_run_whose_reports_are_out_of_reach_stays_listed(tmp_path: Path) -> None:
    run = begun()
    away = (tmp_path / "reports").rename(tmp_path / "unmounted")
    assert store.unhealed_runs() == [store.kept(run)]
    away.rename(tmp_path / "reports")
    assert store.unhealed_runs() == [run]
