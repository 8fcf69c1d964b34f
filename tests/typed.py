"""Commands as a user types them, run in the process of the tests."""

from __future__ import annotations

import pytest

from chaos import cli
from chaos.run import signals
from tests.midnight import Done


def exit_code(*argv: str) -> int:
    with signals.kept(), pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def typed(capsys: pytest.CaptureFixture[str], *argv: str) -> Done:
    """The exit code, and what was printed since the last look."""
    code = exit_code(*argv)
    printed = capsys.readouterr()
    return Done(code, printed.out, printed.err)


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The lines of a command that ends with 2: one for each mistake."""
    done = typed(capsys, *argv)
    assert (done.code, done.out) == (2, ""), done.printed
    assert all(line.startswith("midnight: ") for line in done.err.splitlines()), done.printed
    return done.err
