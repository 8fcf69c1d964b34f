"""docs/audit.md has each rule as the code has it, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

from chaos.audit import names
from chaos.audit.names import Map
from chaos.audit.registered import RULES
from chaos.audit.rule import Rule
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/audit.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def row(rule: Rule) -> str:
    cells = (f"`{rule.id}`", rule.severity, rule.what, rule.why, rule.fix, rule.like or "-")
    return f"| {' | '.join(cells)} |"


def test_the_table_has_each_rule_in_the_codes_words_and_no_other() -> None:
    section = TEXT.partition("## Rules")[2].partition("\n## ")[0]
    told = [line for line in section.splitlines() if line.startswith("| `")]
    assert told == [row(rule) for rule in RULES]


def test_the_map_in_the_docs_is_one_and_has_every_key_but_one(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.startswith("workers:")]
    path = tmp_path / "names.yaml"
    path.write_text(block)
    assert names.read(path).database_max_connections == 400
    assert set(Map.model_fields) - set(re.findall(r"^(\w+):", block, re.MULTILINE)) == {"reserved"}


def test_every_name_of_a_variable_is_in_the_docs() -> None:
    known = Map()
    every = {
        *known.every_workers,
        *known.every_pool_size,
        *known.every_max_overflow,
        *known.every_max_connections,
        *known.every_reserved,
    }
    assert {name for name in every if f"`{name}`" not in TEXT} == set()
