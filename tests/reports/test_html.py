"""The report is one file that says what the verdict says, and nothing of it is lost or interpreted."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markupsafe import escape

from chaos.checks.finding import Finding, Outcome
from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.reports.html import render, write_report
from tests.reports.stored_run import PLAY, write_run

HOSTILE = "<script>alert('midnight')</script> & $x^2$"


class Text(HTMLParser):
    """The text of a document, of its first heading, and the tags it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.heading: list[str] = []
        self.tags: set[str] = set()
        self._in_heading = False
        self.feed(html)
        self.text = squeezed(" ".join(self.words))

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_heading |= tag == "h1"

    def handle_endtag(self, tag: str) -> None:
        self._in_heading &= tag != "h1"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in_heading:
            self.heading.append(data)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return write_run(tmp_path_factory.mktemp("runs") / "fragile")


@pytest.fixture(scope="module")
def verdict(fragile: RunDir) -> Verdict:
    return judge_run(fragile)


@pytest.fixture(scope="module")
def html(fragile: RunDir, verdict: Verdict) -> str:
    return render(Journal(fragile), verdict)


def timeline(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])


def test_the_first_line_and_the_title_are_the_headline(html: str, verdict: Verdict) -> None:
    document = Text(html)
    assert squeezed("".join(document.heading)) == verdict.headline
    assert verdict.headline.startswith("FAIL")
    assert html.split("<body>")[1].lstrip().startswith("<main>\n<h1")
    assert f"<title>{escape(verdict.headline)}</title>" in html


def test_the_report_asks_nothing_of_a_network_and_runs_no_script(html: str) -> None:
    assert not Text(html).tags & {"script", "link", "img", "iframe", "object"}
    fetched = re.findall(r"""(?:src|href|url|@import)\s*[=(]\s*["']?([^"')\s>]+)""", html)
    assert all(target.startswith("#") for target in fetched), fetched


def test_every_finding_and_every_link_is_reported(html: str, verdict: Verdict) -> None:
    text = Text(html).text
    for finding in verdict.findings:
        sentence = finding.because.removeprefix(f"{finding.name}: ")
        assert squeezed(sentence) in text
    shown = [link.because.rpartition(" into the play: ")[2] for link in verdict.links]
    # what to fix, above the chain, quotes some of them in an order of its own
    places = [text.rindex(squeezed(sentence)) for sentence in shown]
    assert places == sorted(places), "the chain is in the verdict's order"


def test_a_foreign_check_is_reported_too(fragile: RunDir, verdict: Verdict) -> None:
    foreign = Finding("desk", Outcome.UNKNOWN, 0.5, 0.9, "ratio", "half the desk was seen", check="tidiness")
    widened = dataclasses.replace(verdict, findings=(*verdict.findings, foreign))
    text = Text(render(Journal(fragile), widened)).text
    assert "tidiness: desk" in text
    assert "half the desk was seen" in text


def test_the_timeline_keeps_its_text_as_text_and_names_steps_phases_and_panels(html: str) -> None:
    drawn = {"".join(node.itertext()).strip() for node in timeline(html).iter() if node.tag.endswith("}text")}
    assert {"logrotate", "batch", "idle_drop", "storm", "night 1/s", "outage"} <= drawn
    assert {
        "Requests due per second, by outcome",
        "API: connection pool",
        "max_connections",
        "p99 2 s",
    } <= drawn


def test_a_gauge_that_was_never_sampled_has_no_panel(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    run.samples.unlink()
    html = render(Journal(run), judge_run(run))
    assert "Requests due per second" in html
    assert "API: connection pool" not in html
    assert "Disk:" not in html


def test_text_of_the_journal_is_escaped(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", title=HOSTILE)
    writer = Writer(run.events)
    writer.event(Event(77.0, "step", "batch", "failed", {"because": HOSTILE}))
    writer.close()
    html = render(Journal(run), judge_run(run))
    document = Text(html)
    assert "script" not in document.tags
    assert document.text.count("alert('midnight')") >= 2


def test_doses_appear_beside_their_floors_and_settings_beside_versions(html: str) -> None:
    text = Text(html).text
    for words in (
        "58 connections closed (at least 10 needed)",
        "520 MB written (at least 100 MB needed)",
        "pool.max_overflow 10",
        "PostgreSQL 18.1 (wheel)",
        "midnight run midnight --target reference --profile fragile --seed 7",
        "budget ≤ 15m",
        "not evidence",
    ):
        assert words in text


def test_a_step_that_was_not_undone_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept = [line for line in run.events.read_text().splitlines() if not _is(line, "storm", "undone")]
    run.events.write_text("\n".join(kept) + "\n")
    assert "not undone" in Text(render(Journal(run), judge_run(run))).text


def test_a_play_cut_short_is_drawn_as_far_as_it_was_played(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    documents = [json.loads(line) for line in run.events.read_text().splitlines()]
    for document in documents:
        if document.get("name") == "play" and document["phase"] == "ended":
            document["at"] = PLAY + 40.0
    run.events.write_text("\n".join(map(json.dumps, documents)) + "\n")
    drawn = "".join(timeline(render(Journal(run), judge_run(run))).itertext())
    assert "night 1/s" in drawn
    assert "wake 60/s" not in drawn


def _is(line: str, name: str, phase: str) -> bool:
    document = json.loads(line)
    return bool(document.get("name") == name and document.get("phase") == phase)


def test_a_run_that_never_played_still_has_a_report(tmp_path: Path) -> None:
    whole = write_run(tmp_path / "whole")
    bare = RunDir(tmp_path / "bare")
    bare.path.mkdir()
    bare.run_file.write_text(whole.run_file.read_text())
    writer = Writer(bare.events)
    writer.event(Event(0.0, "run", "run", "begun"))
    writer.event(
        Event(9.0, "run", "run", "ended", {"reason": "failed", "because": "the target did not start"})
    )
    writer.close()
    text = Text(render(Journal(bare), judge_run(bare))).text
    assert text.count("UNKNOWN") >= 1
    assert "Nothing was played." in text
    assert "never started" in text


def test_a_pass_without_an_optional_step_does_not_look_like_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", pain=0.0, disk=False)
    html = render(Journal(run), judge_run(run))
    assert "".join(Text(html).heading).strip().startswith("PARTIAL: passed, but logrotate had no effect")
    assert '<h1 class="unknown">' in html
    assert "did not move" in html


def test_the_same_run_gives_the_same_report(fragile: RunDir, verdict: Verdict, html: str) -> None:
    assert render(Journal(fragile), verdict) == html


def test_a_report_that_cannot_be_made_leaves_the_one_before(tmp_path: Path, verdict: Verdict) -> None:
    run = write_run(tmp_path / "run")
    before = write_report(run, verdict).read_text()
    run.run_file.write_text("{}")
    with pytest.raises(ValueError, match="Experiment"):
        write_report(run, verdict)
    assert run.report.read_text() == before
    assert not list(run.path.glob("*.part"))
