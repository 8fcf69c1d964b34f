"""docs/README.md lists every page in one line, and no page links to a file or a heading that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.midnight import PROJECT

DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def unlisted(index: str, pages: list[str]) -> list[str]:
    listed = re.findall(r"^- \[[^]]+\]\(([^)]+)\): .+", index, re.MULTILINE)
    return sorted(set(pages) ^ set(listed))


def dead(page: Path, text: str) -> list[str]:
    """Links that lead nowhere. A link to another host is left alone."""
    return [link for link in LINK.findall(text) if "://" not in link and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in _anchors(target.read_text()))


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_lists_every_page_once() -> None:
    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.name != "README.md"]
    assert unlisted((DOCS / "README.md").read_text(), pages) == []


def test_a_page_that_is_not_listed_is_found() -> None:
    assert unlisted("- [Gate](gate.md): decide.\n", ["gate.md", "new.md"]) == ["new.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead(page, page.read_text()) == []


@pytest.mark.parametrize("link", ["gone.md", "gate.md#no-such-heading", "#nor-this"])
def test_a_dead_link_is_found(link: str) -> None:
    assert dead(DOCS / "gate.md", f"see [here]({link})") == [link]
