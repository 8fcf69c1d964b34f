"""docs/commands.md lists every command and every environment variable of midnight's, and no other."""

from __future__ import annotations

import re
from typing import Any

import typer

from chaos import cli
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/commands.md").read_text()
# Set by midnight for its own children, or by an operator of the reference stack's containers.
INTERNAL = re.compile(r"MIDNIGHT_(MARK|RUN|STEP|URL)")


def listed(text: str) -> set[str]:
    """The commands of a page's table, with the subcommands that a row separates by `|`."""
    found = set()
    for row in re.findall(r"^\| `midnight ([^`]+)` \|", text, re.MULTILINE):
        group, *rest = row.split()
        subcommands = [each for each in "".join(rest[:1]).split("\\|") if re.fullmatch(r"[a-z0-9-]+", each)]
        found |= {f"{group} {each}" for each in subcommands} or {group}
        found |= {f"{group} {each}" for each in re.findall(r"\\\|([a-z0-9-]+) ", " ".join(rest[1:]))}
    return found


def test_every_command_is_listed_and_no_other() -> None:
    app: Any = typer.main.get_command(cli.app())
    commands = {
        f"{name} {sub}".strip()
        for name, command in app.commands.items()
        for sub in getattr(command, "commands", None) or [""]
    }
    groups = {name for name, command in app.commands.items() if getattr(command, "commands", None)}
    found = {each if each.split()[0] in groups else each.split()[0] for each in listed(TEXT)}
    assert found == commands


def test_a_command_that_is_missing_is_found() -> None:
    assert listed("| `midnight stack up\\|down` | |\n| `midnight list` | |\n") == {
        "stack up",
        "stack down",
        "list",
    }


def test_every_environment_variable_is_one_that_the_code_reads() -> None:
    read = {
        name
        for path in (PROJECT / "chaos").rglob("*.py")
        for name in re.findall(r'"(MIDNIGHT_[A-Z_]+)"', path.read_text())
    }
    told = set(re.findall(r"`(MIDNIGHT_[A-Z_]+)`", TEXT.partition("## Environment variables")[2]))
    assert told <= read
    assert {name for name in read - told if not INTERNAL.match(name)} == set()
