"""A bad invariant is refused before the run, in the file that has it; a sound one appears in the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD, TARGET, accepted, refused
from tests.typed import typed

pytestmark = pytest.mark.usefixtures("own_place")

SOUND = "name: rows, sql: select count(*) from records"
BAD = {
    "a route that is not in the mix": (
        f"{SOUND}, delta: {{acknowledged: wirte}}",
        "mix; did you mean write?",
    ),
    "a step that is none": (f"{SOUND}, delta: {{reported: {{dorp: n}}}}", "did you mean drop?"),
    "an unknown key": (f"{SOUND}, equal: 0", "equal: unknown key"),
    "an unknown key of a delta": (f"{SOUND}, delta: {{acked: write}}", "delta: acked: unknown key"),
    "no question": ("name: rows, equals: 0", "has exactly one of sql, http and command"),
    "two questions": (f"{SOUND}, http: /x, equals: 0", "has exactly one of sql, http and command"),
    "no rule": (SOUND, "judges nothing: give equals, at_most, at_least or delta"),
    "a statement that writes": (
        "name: rows, sql: delete from records, equals: 0",
        "one statement that reads",
    ),
    "a database that is none": (
        f"{SOUND}, database: other, equals: 0",
        "needs the handle 'databases.other', which target 'embedded' does not offer",
    ),
    "a database of a page": (
        "name: page, http: /x, database: primary, equals: 0",
        "database: is only for sql",
    ),
    "another host": ("name: page, http: //example.org/x, equals: 0", "http: "),
    "an address": ('name: page, http: "http://example.org/x", equals: 0', "http: "),
    "a path in another notation": (
        "name: page, http: /x, json: $.a.b, equals: 0",
        "must be a JSON pointer such as /orders/0/count; did you mean /a/b?",
    ),
    "a status that is none": ("name: page, http: /x, status: 700", "status: "),
    "a number that is none": (f"{SOUND}, at_most: many", "at_most: must be a number, got 'many'"),
    "a boolean for a number": (f"{SOUND}, at_most: true", "at_most: must be a number, got true"),
    "a difference that is none": (f"{SOUND}, delta: all", "delta: must be a number, or a mapping such as"),
    "a list to be equal to": (f"{SOUND}, equals: [1]", "equals: must be a number, a text, true or false"),
    "bounds that nothing is between": (f"{SOUND}, at_least: 2, at_most: 1", "no answer can be both"),
    "a text and a bound": (f"{SOUND}, equals: many, at_most: 3", "equals: must be a number beside"),
    "a time without its unit": (f"{SOUND}, equals: 0, within: 5", "within: needs a unit: 5ms or 5s?"),
    "a command in an experiment": (
        "name: count, command: [./count.sh], equals: 0",
        "a command belongs in `invariants` of the target file",
    ),
}
BAD_OF_TARGET = {
    "a route that is none": (f"{SOUND}, delta: {{acknowledged: wirte}}", "this target; did you mean write?"),
    "a step": (f"{SOUND}, delta: {{reported: {{drop: n}}}}", "names a step, which only an experiment has"),
    "a command without words": ("name: count, command: [], equals: 0", "command: "),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_invariant_of_an_experiment_is_refused_by_run(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, words = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("limits: {", f"invariants: [{{{given}}}]\nlimits: {{"))
    refused(capsys, path, 12, words, "run", str(path))


@pytest.mark.parametrize("case", BAD_OF_TARGET)
def test_a_bad_invariant_of_a_target_is_refused(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, words = BAD_OF_TARGET[case]
    target = tmp_path / "target.yaml"
    target.write_text(TARGET + f"invariants: [{{{given}}}]\n")
    refused(capsys, target, len(target.read_text().splitlines()), words, "validate", str(target))


def test_two_invariants_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.yaml"
    twice = f"invariants: [{{{SOUND}, equals: 0}}, {{{SOUND}, at_most: 3}}]\nlimits: {{"
    path.write_text(GOOD.replace("limits: {", twice))
    refused(capsys, path, 12, "duplicate invariant name 'rows'", "run", str(path))


def test_a_sound_invariant_is_accepted_and_shown_in_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "good.yaml"
    given = f"invariants: [{{{SOUND}, delta: {{acknowledged: write, reported: {{drop: n}}, plus: 2}}}}]\nlimits: {{"
    path.write_text(GOOD.replace("limits: {", given))
    accepted(capsys, path)
    plan = typed(capsys, "run", str(path), "--dry-run").out
    shown = (
        "invariant rows: select count(*) from records; changed by acknowledged write + n reported by drop + 2"
    )
    assert shown in plan
