"""What has the form of a secret is masked, also where no secret was read."""

from __future__ import annotations

import pytest

from chaos.record.redact import MASK
from chaos.record.secret_forms import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://shop:pa@ss/w@db:5432/x", f"postgresql://{MASK}@db:5432/x"),
        ("host=db password=abc dbname=x", f"host=db password={MASK} dbname=x"),
        ("password='a b' next", f"password={MASK} next"),
        ('{"api_key": "abc def", "n": 1}', f'{{"api_key": {MASK}, "n": 1}}'),
        ("PGPASSWORD=abc psql", f"PGPASSWORD={MASK} psql"),
        ("--db-password=abc --x", f"--db-password={MASK} --x"),
        ("GET /?token=abc&x=1", f"GET /?token={MASK}&x=1"),
        ("Authorization: Basic YTpi", f"Authorization: {MASK}"),
        ("sent Bearer abcdefgh1234", f"sent Bearer {MASK}"),
        ("eyJhbGciOiJ.eyJzdWIiOiI.abc-_1 end", f"{MASK} end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nend", f"{MASK}\nend"),
        ("AKIAABCDEFGHIJKLMNOP", MASK),
    ],
)
def test_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "holds the lease (token 4); 2 schedules",
        "http://127.0.0.1:8000/items?page=2",
        "basic authentication is required, bearer of news",
        "environment variable SHOP_TOKEN is not set",
        "postgres@sha256:abcdef",
        "password authentication failed",
    ],
)
def test_stays(text: str) -> None:
    assert mask(text) == text
