"""The contract of a report format: it writes nothing itself. More runs come from the fixture `midnight_runs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chaos.checks import rejudge
from chaos.contract import nights
from chaos.record.store import RunDir
from chaos.reports import Format, JudgedRun, registered


@pytest.fixture
def format_(midnight_subject: str) -> Format:
    return registered.named(midnight_subject)


@pytest.fixture
def judged_runs(tmp_path: Path, midnight_runs: Sequence[Path]) -> list[JudgedRun]:
    runs = [*nights.write_all(tmp_path), *map(RunDir, midnight_runs)]
    return [JudgedRun(run, rejudge.judge_run(run)) for run in runs]


def test_it_renders_every_run_and_changes_no_file(format_: Format, judged_runs: list[JudgedRun]) -> None:
    for judged in judged_runs:
        before = nights.content(judged.run)
        rendered = format_.render(judged)
        assert isinstance(rendered, str | bytes) and rendered, judged.run.path.name
        assert nights.content(judged.run) == before, "midnight writes what `render` returns"


def test_only_its_file_is_written(format_: Format, judged_runs: list[JudgedRun]) -> None:
    judged = judged_runs[0]
    before = nights.content(judged.run)
    written = registered.write(format_, judged)
    assert written == judged.run.path / format_.file
    after = nights.content(judged.run)
    assert after.pop(format_.file) and after == before
