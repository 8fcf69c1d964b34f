"""Whatever docs/verdicts.md names as a guard is there."""

from __future__ import annotations

import re

from tests.calibration.test_no_false_green import CASES
from tests.midnight import PROJECT

GUARD = re.compile(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`(?: \(([^)]+)\))?")


def guards() -> list[tuple[str, str, str]]:
    """File, test and case of each guard; `::test` alone is in the file named before it."""
    found, file = [], ""
    for named, test, case in GUARD.findall((PROJECT / "docs/verdicts.md").read_text()):
        file = named or file
        if named or test:
            found.append((file, test, case))
    return found


def test_every_guard_that_the_document_names_is_there() -> None:
    assert len(guards()) > 40
    for file, test, _ in guards():
        text = (PROJECT / file).read_text()
        assert f"def {test}(" in text if test else "def test_" in text, (file, test)


def test_every_case_is_named_as_a_guard() -> None:
    named = {case for file, _, case in guards() if file.endswith("test_no_false_green.py")}
    assert named - {""} == set(CASES)
