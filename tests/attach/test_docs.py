"""What docs/attach.md shows can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import typed

TEXT = (PROJECT / "docs/attach.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)


def valid(capsys: pytest.CaptureFixture[str], *argv: str) -> bool:
    done = typed(capsys, "validate", *argv)
    print(done.err)
    return done.code == 0


def test_the_example_that_grows_is_valid_at_each_of_its_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    least, experiment, requests, ledger, headers, logs = BLOCKS
    target, played = tmp_path / "shop.yaml", tmp_path / "quiet.yaml"
    played.write_text(experiment)
    consent, _, options = logs.partition("\noptions:\n")
    rotated = re.sub(r"consent: .*", consent, least) + options
    for routes in (requests, ledger):
        target.write_text(re.sub(r"routes:\n(?:  .*\n)+", routes, least))
        assert valid(capsys, str(target))
    for text in (rotated, least, least + headers.removeprefix("options:\n")):
        target.write_text(text)
        assert valid(capsys, str(target))
        assert valid(capsys, str(played), "--target", str(target))
