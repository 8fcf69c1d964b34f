"""The words below a report are those of its experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run
from chaos.record.journal import Journal
from chaos.reports.html import render
from chaos.spec.experiment import Experiment
from tests.reports.stored_run import EXPERIMENT, write_run


@pytest.mark.parametrize(
    ("outage", "said"),
    [
        ({}, "of 1 s with less than 99 % good hits to the first good hit of 10 s with at least 99 %"),
        (
            {"below": "95%", "window": "2s", "sustained": "3s"},
            "of 2 s with less than 95 % good hits to the first good hit of 3 s with at least 95 %",
        ),
    ],
)
def test_an_outage_is_explained_by_the_bounds_of_the_experiment(
    outage: dict[str, str], said: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run")
    experiment = Experiment.model_validate({**EXPERIMENT, "outage": outage})
    assert said in render(Journal(run), judge_run(run), judged_as=experiment)
