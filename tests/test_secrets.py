"""A secret is known in every form in which a message may quote it, and no reference shows what it leads to."""

from __future__ import annotations

import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.record.redact import MASK, DiscreetStream, Redactor
from chaos.spec.secret import Secret

TEXT = "p:w'\"\\ ä of the house"


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    (tmp_path / "secret").write_text(f"{TEXT}\n")
    return Secret.model_validate({"file": tmp_path / "secret", "prefix": "Bearer "})


@pytest.mark.parametrize(
    "told",
    [
        TEXT,
        repr(TEXT),
        repr(bytearray(repr(TEXT).encode())),
        json.dumps({"echo": TEXT}),
        json.dumps({"echo": json.dumps({"echo": TEXT})}),
        f"http://h/?q={quote(TEXT)}",
        quote(TEXT, safe="").lower(),
    ],
    ids=["as it is", "repr", "repr of bytes of a repr", "JSON", "JSON in JSON", "URL", "URL in lower case"],
)
def test_a_secret_is_masked_in_every_form_in_which_it_is_quoted(secret: Secret, told: str) -> None:
    read = SecretReader()
    assert read(secret, "here") == TEXT
    masked = Redactor(read.known)(f"it said {told}.")
    assert MASK in masked and "house" not in masked


def test_a_secret_that_was_read_is_not_shown_by_what_read_it(secret: Secret) -> None:
    SecretReader()(secret, "here")
    assert "house" not in f"{secret!r} {secret} {secret.model_dump()}"


def test_a_secret_is_looked_for_when_it_is_read_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINE_LATER", raising=False)
    secret = Secret.model_validate({"env": "MINE_LATER"})
    with pytest.raises(UsageError, match="here: environment variable MINE_LATER is not set"):
        secret.read("here")
    monkeypatch.setenv("MINE_LATER", "there")
    assert secret.read("here") == "there"


def test_names_are_masked_like_values() -> None:
    assert Redactor(["hunter2"]).document({"a hunter2": ["hunter2"]}) == {f"a {MASK}": [MASK]}


def test_output_through_a_discreet_stream_holds_no_secret() -> None:
    raw = io.BytesIO()
    stream = DiscreetStream(raw, Redactor(["hunter2"]))
    print("Traceback: hunter2 was refused", file=stream)
    assert raw.getvalue().decode() == f"Traceback: {MASK} was refused\n"


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_header_is_a_secret_with_its_prefix_and_is_refused_if_it_could_not_be_sent(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "abcd1234")
    assert SecretReader().header(Secret(env="TOKEN", prefix=prefix), "headers: X") == f"{prefix}abcd1234"
    monkeypatch.setenv("TOKEN", "grün1234")
    with pytest.raises(UsageError, match=r"^headers: X: must be ASCII$"):
        SecretReader().header(Secret(env="TOKEN", prefix=prefix), "headers: X")
