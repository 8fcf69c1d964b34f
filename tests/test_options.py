"""One scheme for every command: `--json` prints JSON, and a file that is written is named by `--FORMAT-file`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from chaos import cli
from chaos.cli.examples import EXAMPLES

FORMATS = ("json", "junit", "markdown", "html")


def _commands(command: Any, path: str = "midnight") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every command by what is typed, with its options by name."""
    for name, each in getattr(command, "commands", {}).items():
        yield from _commands(each, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, {name: option for option in command.params for name in option.opts}


COMMANDS = dict(_commands(typer.main.get_command(cli.app())))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_means_the_same_in_every_command(command: str) -> None:
    options = COMMANDS[command]
    if "--json" in options:
        assert options["--json"].is_flag
        assert options["--json"].help == "Print JSON to standard output."
    assert options.keys().isdisjoint(f"--{form}" for form in FORMATS if form != "json")
    files = [options[name] for name in options if name in {f"--{form}-file" for form in FORMATS}]
    assert all((file.metavar, file.is_flag) == ("FILE", False) for file in files)


def test_the_commands_that_answer_a_question_print_json() -> None:
    asked = {"run", "gate", "list", "runs", "trend", "judge", "doctor", "baseline show", "schedule list"}
    assert {f"midnight {name}" for name in asked} <= {
        name for name, options in COMMANDS.items() if "--json" in options
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_ends_with_an_example_that_it_accepts(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([*command.split()[1:], "--help"])
    said = capsys.readouterr().out
    example = EXAMPLES[command.removeprefix("midnight ")]
    assert said.rstrip().endswith(f"Example: {example}")
    assert max(map(len, said.splitlines())) <= 80
    words = shlex.split(example.partition(" > ")[0])[1:]
    typer.main.get_command(cli.app()).make_context("midnight", words, resilient_parsing=False)


@pytest.mark.parametrize("group", ["", "baseline", "stack", "target", "schedule"])
def test_no_line_of_a_groups_help_is_cut(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([*group.split(), "--help"])
    assert not re.search(r"\.\.\.$", capsys.readouterr().out.partition("Commands:")[2], re.M)
