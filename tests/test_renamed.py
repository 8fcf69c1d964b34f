"""An old name gives one line with the new one and exit 2; a run stored under old names is judged as before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run
from chaos.record.renamed import COMMANDS, KEYS, OPTIONS, PHASES
from chaos.record.store import RunDir
from tests.checks.synthetic import Night
from tests.typed import refusal

REFUSED = [
    *(
        (f"load: {{}}\n{old}: {{}}\n", "validate {file}", f"{{file}}:2: {old}: is now called {new}")
        for old, new in KEYS.items()
    ),
    ("restore: {}\npromise: {}\n", "validate {file}", "{file}:2: promise: is now called budget"),
    *(("", old, f"`midnight {old}` is now called `midnight {new}`") for old, new in COMMANDS.items()),
    *(
        ("", f"{command} x {old}{given}", f"`midnight {command} {old} FILE` is now called `{new} FILE`")
        for command, options in OPTIONS.items()
        for old, new in options.items()
        for given in (" kept.json", "=kept")
    ),
]


@pytest.mark.parametrize(("text", "command", "said"), REFUSED)
def test_an_old_name_gives_one_line_with_the_new_one(
    text: str, command: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "old.yaml"
    file.write_text(text)
    lines = refusal(capsys, *command.format(file=file).split()).splitlines()
    assert lines.count(f"midnight: {said.format(file=file)}") == 1


def test_a_run_stored_under_old_names_is_judged_as_before(tmp_path: Path) -> None:
    changed = {"budget": {"rto": 9, "rpo": 300}, "instrument": {"lag": 0.05}}
    _, journal = Night(doubted=[(10, 12)], changed=changed).write(tmp_path / "run")
    verdict = judge_run(journal.run)
    _age(journal.run)
    assert KEYS.keys() <= json.loads(journal.run.run_file.read_text())["experiment"].keys()
    assert '"phase":"restored"' in journal.run.events.read_text().replace('": "', '":"')
    assert judge_run(journal.run) == verdict
    allowed = {(each.check, each.name): each.allowed for each in verdict.findings}
    assert (allowed["recovery", "rto"], allowed["instrument", "lag"]) == (9, 0.05)


def _age(run: RunDir) -> None:
    """Write it as it was written before the names were changed."""
    stored = json.loads(run.run_file.read_text())
    for old, new in KEYS.items():
        stored["experiment"][old] = stored["experiment"].pop(new)
    run.run_file.write_text(json.dumps(stored))
    text = run.events.read_text()
    for old, new in PHASES.items():
        text = text.replace(f'"{new}"', f'"{old}"')
    run.events.write_text(text)
