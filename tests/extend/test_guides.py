"""The guides in docs/extend: each block is a piece of an example, each command can be typed, no member is missing."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import pytest
import typer.main

from chaos.checks import Check, Figure
from chaos.cli import app
from chaos.host import processes
from chaos.plan import build
from chaos.plugin import Driver, Fault, SamplingSource
from tests.extend.installing import EXAMPLES
from tests.midnight import PROJECT

KINDS = ("check", "driver", "fault", "report", "source")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TYPED = {"cp", "cd", "pip", "export", "pytest", "midnight"}


def guide(kind: str) -> str:
    return (PROJECT / f"docs/extend/{kind}.md").read_text()


def foreign(kind: str, text: str) -> list[str]:
    """The blocks that are no piece of a file of the example."""
    files = [path.read_text() for path in (EXAMPLES / kind).iterdir() if path.is_file()]
    blocks = [block for language, block in BLOCK.findall(text) if language != "sh"]
    return [block for block in blocks if not any(block in file for file in files)]


def mistyped(kind: str, text: str) -> list[str]:
    """The lines of shell that name a command, an option or a file that is not there."""
    lines = [
        line for language, block in BLOCK.findall(text) if language == "sh" for line in block.splitlines()
    ]
    return [line for line in lines if not _sound(kind, shlex.split(line))]


def _sound(kind: str, words: list[str]) -> bool:
    files = [word for word in words if word.endswith(".yaml")]
    there = all((EXAMPLES / kind / file).is_file() for file in files)
    if words[0] != "midnight":
        return there and words[0] in TYPED
    command = typer.main.get_command(app()).commands.get(words[1])  # type: ignore[attr-defined]
    known = {name for each in getattr(command, "params", ()) for name in each.opts}
    return there and command is not None and {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_is_a_piece_of_the_example(kind: str) -> None:
    assert foreign(kind, guide(kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_can_be_typed(kind: str) -> None:
    assert mistyped(kind, guide(kind)) == []


def test_a_block_that_has_aged_and_a_command_that_is_gone_are_found() -> None:
    assert foreign("fault", "```python\nclass LockTable(Fault, Old):\n```\n") == [
        "class LockTable(Fault, Old):\n"
    ]
    for line in (
        "midnight restore",
        "midnight run gone.yaml",
        "midnight report latest --formatted",
        "sudo rm",
    ):
        assert mistyped("fault", f"```sh\n{line}\n```\n") == [line]


@pytest.mark.parametrize(
    ("kind", "class_"), [("fault", Fault), ("driver", Driver), ("source", SamplingSource)]
)
def test_the_guide_names_every_member_of_the_class(kind: str, class_: type) -> None:
    members = {name for name in {**vars(class_), **class_.__annotations__} if not name.startswith("_")}
    assert [name for name in sorted(members) if not re.search(rf"\b{name}\b", guide(kind))] == []


OF_MIDNIGHT_ALONE = {
    "name",
    "unit",
    "label",
    "measure",
    "recall",
    "rank",
    "stand_in",
    "indexed",
    "metric",
    "judge",
}
"""Fields of a check or a figure that have no row: given first, or not for plug-ins."""


@pytest.mark.parametrize(
    ("kind", "class_"), [("fault", Fault), ("driver", Driver), ("check", Check), ("source", Figure)]
)
def test_the_tables_of_the_guide_list_members_of_the_class_and_of_a_dataclass_all(
    kind: str, class_: type
) -> None:
    members = {name for name in {**vars(class_), **class_.__annotations__} if not name.startswith("_")}
    listed = {name for row in ROW.findall(guide(kind)) for name in re.findall(r"\w+", row)}
    assert listed - members == set()
    if dataclasses.is_dataclass(class_):
        assert {each.name for each in dataclasses.fields(class_)} - listed <= OF_MIDNIGHT_ALONE


def test_the_guide_to_faults_names_every_handle_of_the_embedded_stack() -> None:
    target, driver, _ = build.target_of(PROJECT / "targets/embedded.yaml")
    listed = guide("fault").partition("embedded reference stack offers")[2].partition("in containers")[0]
    assert set(re.findall(r"`([\w.]+)`", listed)) == driver.offers(target)


def test_the_helpers_for_processes_that_the_guide_to_faults_names_exist() -> None:
    named = re.findall(r"`chaos\.host\.processes\.(\w+)\(", guide("fault"))
    assert named == ["spawn", "stop_marked"]
    assert all(callable(getattr(processes, name)) for name in named)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", *(f"docs/extend/{kind}.md" for kind in KINDS)])
def test_every_link_leads_somewhere(page: str) -> None:
    links = LINK.findall((PROJECT / page).read_text())
    assert links and [link for link in links if not (PROJECT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_guides_can_be_found(page: str) -> None:
    text = (PROJECT / page).read_text()
    assert "CONTRIBUTING.md" in text
    assert all(f"extend/{kind}.md" in text for kind in KINDS)


def test_contributing_names_the_verbs_of_make_and_the_markers_there_are() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", text)) <= verbs
    markers = re.findall(r'^    "(\w+): ', (PROJECT / "pyproject.toml").read_text(), re.MULTILINE)
    section = text.partition("Four markers")[2].partition("\n- ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(markers)
    paths = [word for word in re.findall(r"[\w./-]+/[\w.-]+\.\w+", text) if not word.startswith(".venv")]
    assert [path for path in paths if not Path(PROJECT, path).exists()] == []
