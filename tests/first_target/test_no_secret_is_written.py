"""Random secrets in the variables of a service, in every form: no piece of one is in the file or on the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chaos.first_target import nightly, stores, units, variables, writing
from chaos.first_target.draft import Draft
from chaos.record import redact

PIECE = st.text("QZXJVKWqzxjvkw789", min_size=4, max_size=8)
SIGN = st.sampled_from([*"@:/%?# '\"\\&=+ßé[]", "%40", "://", "@@", ""])
SECRETS = st.tuples(PIECE, SIGN, PIECE, SIGN, PIECE).map(list)
FORMS = (
    "postgresql://shop:{raw}@127.0.0.1:1/orders",
    "postgresql://shop:{encoded}@127.0.0.1:1/orders",
    "postgres://{raw}@127.0.0.1:1/orders",
    "jdbc:postgresql://127.0.0.1:1/orders?user=shop&password={raw}",
    "mysql+pymysql://shop:{raw}@127.0.0.1/orders",
    "mysql://{raw}@127.0.0.1/orders",
    "mysql://shop:{raw}/x@127.0.0.1/orders",
    "redis://:{raw}@cache:6379/0",
    "amqp://shop:{encoded}@queue.internal/%2f",
    "mongodb://shop:{raw}@a:1,b:2/?authSource=admin",
    "https://example.com/hook/{raw}",
    "https://example.com/?token={raw}",
    "https://{raw}@sentry.example/1",
    "{raw}",
    "host=127.0.0.1 user=shop password={raw}",
    "host=127.0.0.1 user=shop dbname=orders password={raw}",
)


def _planted(secret: Sequence[str]) -> dict[str, str]:
    raw = "".join(secret)
    return {
        f"SHOP_URL_{number}": form.format(raw=raw, encoded=quote(raw, safe=""))
        for number, form in enumerate(FORMS)
    }


def _text(environment: dict[str, str]) -> str:
    draft = Draft("shop", "attach")
    stores.describe(draft, list(variables.addresses(environment)), None, "the environment")
    redact.known.forget()  # nothing secret is in the draft, so nothing has to be masked
    return writing.target(draft, None, date(2026, 11, 27))


def _pieces(secret: Sequence[str], text: str) -> list[str]:
    return [piece for piece in (secret[0], secret[2], secret[4]) if re.search(re.escape(piece), text)]


@settings(
    max_examples=15,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(SECRETS)
def test_no_piece_of_a_variable_is_written(secret: list[str]) -> None:
    assert not _pieces(secret, _text(_planted(secret)))


@settings(
    max_examples=15,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(SECRETS)
def test_no_piece_of_a_unit_file_is_written(tmp_path: Path, secret: list[str]) -> None:
    raw = "".join(secret)
    lines = [f"Environment='{name}={value}'" for name, value in _planted(secret).items()]
    file = tmp_path / "shop.service"
    file.write_text("\n".join(["[Service]", f"ExecStart=/srv/shop --password={raw}", *lines]))
    found = units.find(str(file))
    assert not _pieces(secret, _text(found.environment) + found.program + found.name + repr(found))


@settings(max_examples=15, phases=[Phase.generate])
@given(
    SECRETS,
    st.sampled_from(["PW={} /srv/nightly", "/srv/nightly {}", "/srv/nightly -p{}", "mysql -p{} </nightly"]),
)
def test_no_piece_of_a_command_is_written(secret: list[str], form: str) -> None:
    program, _ = nightly.program(form.format("".join(secret)))
    assert not _pieces(secret, program)
