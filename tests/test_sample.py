"""The sample report and the README's picture: small, and without a place of the machine that they were made on."""

from __future__ import annotations

import re

from tests.midnight import PROJECT

PICTURE, SAMPLE = PROJECT / "docs/report.png", PROJECT / "reports/sample/fragile.html"
MOST = 400_000  # bytes


def test_both_are_small() -> None:
    assert PICTURE.stat().st_size < MOST
    assert SAMPLE.stat().st_size < MOST


def test_the_sample_names_no_place_of_the_machine_that_it_was_made_on() -> None:
    text = SAMPLE.read_text()
    assert not re.findall(r"(?<![\w.])/(?:root|home|Users|work|wt)/[^\s<&]*", text)
    assert str(PROJECT) not in text


def test_the_sample_is_of_the_fragile_profile_and_shows_times_in_one_notation() -> None:
    text = re.sub(r"<(style|svg).*?</\1>", "", SAMPLE.read_text(), flags=re.DOTALL)
    assert "<b>fragile</b>" in text and re.search(r"<title>FAIL: for [\d.]+ s of 1m 50s ", text)
    assert not re.findall(r"(?<![\d.])(?:[6-9]\d|\d{3,})(?:\.\d+)? s\b", text), "a minute or more, in seconds"
