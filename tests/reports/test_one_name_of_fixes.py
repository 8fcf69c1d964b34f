"""What to fix: one list under one name, in the report, on the terminal, in the gate's Markdown and on the web."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from chaos.checks.fixes import HEADING
from chaos.checks.rejudge import judge_run
from chaos.record.journal import Journal
from chaos.reports.explain import explain
from chaos.reports.html import render
from chaos.reports.markdown import render as markdown
from chaos.reports.terminal import print_verdict
from tests.gate.planted import gate, judged, played
from tests.midnight import PROJECT
from tests.reports.stored_run import write_run
from tests.reports.test_first_screen import text_of


def test_the_list_has_one_name_everywhere(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    verdict = judge_run(run)
    printed = Console(file=StringIO(), width=200)
    print_verdict(run, verdict, printed)
    assert isinstance(printed.file, StringIO)
    gated = gate(judged(played(exit_code=1, verdict="fail")))
    shown = gated.runs[0].played.verdict
    assert shown is not None
    shown["fixes"] = [{"what": fix.what} for fix in verdict.fixes]
    texts = [
        text_of(render(Journal(run), verdict)),
        "\n".join(explain(Journal(run), verdict).lines()),
        printed.file.getvalue(),
        markdown(gated),
        (PROJECT / "chaos/web/templates/run.html").read_text(),
    ]
    for text in texts:
        assert text.count(HEADING) == 1
        assert not re.search(r"worth changing|what to change", text, re.IGNORECASE)
    for text in texts[:3]:
        assert all(fix.what in " ".join(text.split()) for fix in verdict.fixes)
    assert re.findall(r"(?m)^1\. (.+)$", texts[3])[0].replace("\\", "") == verdict.fixes[0].what
