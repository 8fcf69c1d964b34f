"""A bad argument is one short line in midnight's own words, with what it must be and the help to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.spec.near import MOST, instead, listed
from tests.typed import typed


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("errors --top x a", "--top: must be a whole number, got 'x'; see `midnight errors --help`"),
        ("run midnight --seed -1", "--seed: must be at least 0, got '-1'; see `midnight run --help`"),
        ("prune --keep -1", "--keep: must be at least 1, got '-1'; see `midnight prune --help`"),
        (
            "runs --verdict maybe",
            "--verdict: must be pass, fail, unknown or none, got 'maybe'; see `midnight runs --help`",
        ),
        ("gate", "Missing argument 'EXPERIMENT...'; see `midnight gate --help`"),
        ("run --nope", "No such option: --nope; see `midnight run --help`"),
        ("show midnigth", "no experiment, target, profile or fault 'midnigth'; did you mean midnight?"),
        (
            f"show {'x' * 400}",
            f"no experiment, target, profile or fault {'x' * 60!r}; `midnight list` lists experiments and targets",
        ),
        ("explain latest", "no run under REPORTS yet; `midnight run midnight` plays one"),
    ],
)
def test_it_says_what_to_type(
    argv: str, said: str, own_place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, *argv.split())
    assert (done.code, done.out) == (2, "")
    assert done.err == f"midnight: {said.replace('REPORTS', str(own_place / 'reports'))}\n"


def test_a_list_of_known_names_ends_where_nobody_reads_on() -> None:
    names = [f"name-{number}" for number in range(1000)]
    assert instead("zzzzzz", names) == f"known: {listed(names)}"
    assert len(listed(names)) <= MOST + len(" and 1000 more")
    assert listed(names).endswith(" more") and listed(names[:3]) == "name-0, name-1, name-2"
    assert listed([]) == "none"
