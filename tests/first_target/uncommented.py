"""What a team does with a file that `midnight init` wrote: take comment marks away, and load it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from chaos.first_target import writing
from chaos.first_target.asking import Asking
from chaos.first_target.draft import Consent, Draft, Item
from chaos.first_target.service import describe
from chaos.spec import target
from chaos.spec.target import Target


def described(url: str, path: str = "/") -> Draft:
    draft = Draft("shop", "attach")
    with Asking(url) as asking:
        describe(draft, asking, path)
    return draft


def switched_on(draft: Draft, at: Path, *sections: str) -> Target:
    """The target with all that these sections propose; a route stays off if its lines are in one with others."""
    for key in sections:
        for held in (draft.top, draft.options):
            if key in held:
                held[key] = [Item(each.why, each.lines) for each in held[key]]
    text = writing.target(draft, Consent("Ada", "2999-12-31"), date(2026, 11, 27))
    file = at / "shop.yaml"
    file.write_text(text)
    return target.load(file)


def route_uncommented(text: str, name: str) -> str:
    """The text with the comment marks of one route taken away."""
    mark = re.compile(rf"^  # {re.escape(name)}:\n(?:  #   .*\n)+", re.M)
    found = mark.search(text)
    assert found, text
    return text.replace(found[0], found[0].replace("  # ", "  ", 1).replace("\n  # ", "\n  "))
