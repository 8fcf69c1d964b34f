"""What docs/attach.md shows can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos import cli
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/attach.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)


def valid(capsys: pytest.CaptureFixture[str], *argv: str) -> bool:
    with pytest.raises(SystemExit) as ended:
        cli.main(["validate", *argv])
    print(capsys.readouterr().err)
    return ended.value.code == 0


def test_the_example_that_grows_is_valid_at_each_of_its_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    least, experiment, requests, readback, cleanup, headers, logs = BLOCKS
    by_key, by_list = cleanup.splitlines()
    target, played = tmp_path / "shop.yaml", tmp_path / "quiet.yaml"
    played.write_text(experiment)
    consent, _, options = logs.partition("\noptions:\n")
    rotated = re.sub(r"consent: .*", consent, least) + options
    forms = (readback, readback + by_key, readback + by_list, headers.removeprefix("options:\n"))
    target.write_text(re.sub(r"routes:\n(?:  .*\n)+", requests, least))
    assert valid(capsys, str(target))
    for text in (rotated, least, *(least + form for form in forms)):
        target.write_text(text)
        assert valid(capsys, str(target))
        assert valid(capsys, str(played), "--target", str(target))
