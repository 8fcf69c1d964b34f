"""What has the form of a secret is masked, also where no secret was read."""

from __future__ import annotations

import pytest

from chaos.record.redact import MASK
from chaos.record.secret_forms import mask
from chaos.spec.secret_values import is_secret

SECRET = (
    "DB_PASS",
    "MYSQL_PASS",
    "smtp_pass",
    "POSTGRES_PWD",
    "DB_PW",
    "dbPass",
    "ENCRYPTION_KEY",
    "JWT_KEY",
)
NO_SECRET = (
    "PWD",
    "OLDPWD",
    "COMPASS",
    "BYPASS",
    "BY_PASS",
    "pass",
    "last_pass",
    "DB_PASSED",
    "PUBLIC_KEY",
    "bypw",
)


@pytest.mark.parametrize("name", SECRET)
def test_a_short_name_of_a_password_is_one(name: str) -> None:
    assert is_secret(name, "north")
    assert is_secret(name, 12345)


@pytest.mark.parametrize("name", NO_SECRET)
def test_what_only_ends_like_a_password_is_none(name: str) -> None:
    assert not is_secret(name, "north")
    assert not is_secret(name, 12345)


def test_a_directory_is_no_password() -> None:
    assert not is_secret("BUILD_PWD", "/srv/shop")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://shop:pa@ss/w@db:5432/x", f"postgresql://{MASK}@db:5432/x"),
        ("host=db password=abc dbname=x", f"host=db password={MASK} dbname=x"),
        ("password='a b' next", f"password={MASK} next"),
        ('{"api_key": "abc def", "n": 1}', f'{{"api_key": {MASK}, "n": 1}}'),
        ("PGPASSWORD=abc psql", f"PGPASSWORD={MASK} psql"),
        ("--db-password=abc --x", f"--db-password={MASK} --x"),
        ("key sk_live_51H8abcdefghij", f"key {MASK}"),
        ("AccountName=x;AccountKey=aGk=;E=y", f"AccountName=x;AccountKey={MASK};E=y"),
        ("curl -fsSu shop:abc https://x", f"curl -fsSu shop:{MASK} https://x"),
        ("GET /?token=abc&x=1", f"GET /?token={MASK}&x=1"),
        ("Authorization: Basic YTpi", f"Authorization: {MASK}"),
        ("sent Bearer abcdefgh1234", f"sent Bearer {MASK}"),
        ("eyJhbGciOiJ.eyJzdWIiOiI.abc-_1 end", f"{MASK} end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nend", f"{MASK}\nend"),
        ("AKIAABCDEFGHIJKLMNOP", MASK),
        ("SMTP_PASS=abc POSTGRES_PWD=def", f"SMTP_PASS={MASK} POSTGRES_PWD={MASK}"),
        ("DB_PW: abc", f"DB_PW: {MASK}"),
        ("dbPass = abc", f"dbPass = {MASK}"),
        ("ENCRYPTION_KEY=abc", f"ENCRYPTION_KEY={MASK}"),
        ("Server=db;Uid=x;Pwd=abc;", f"Server=db;Uid=x;Pwd={MASK};"),
        ('{"pwd": "abc"}', f'{{"pwd": {MASK}}}'),
        ("Cookie: sid=abc; theme=dark\nHost: x", f"Cookie: {MASK}\nHost: x"),
        ("{'Set-Cookie': 'sid=abc; Path=/', 'n': 1}", f"{{'Set-Cookie': '{MASK}', 'n': 1}}"),
        ("job --api-key abc --keep", f"job --api-key {MASK} --keep"),
        ("job -password 'a b'", f"job -password {MASK}"),
        ("job --password to-be-or-not --keep", f"job --password {MASK} --keep"),
        ("mysqldump -u root -pabc shop", f"mysqldump -u root -p{MASK} shop"),
        ("mariadb -p'a b' shop", f"mariadb -p{MASK} shop"),
        ("curl -s -u ada:abc http://shop/", f"curl -s -u ada:{MASK} http://shop/"),
        ('curl --user "ada:abc" http://shop/', f'curl --user "ada:{MASK}" http://shop/'),
        ("sshpass -p abc ssh db", f"sshpass -p {MASK} ssh db"),
        ("redis-cli -h db -a abc ping", f"redis-cli -h db -a {MASK} ping"),
        (
            "curl https://hooks.slack.com/services/T0/B0/abc -d x",
            f"curl https://hooks.slack.com/services/{MASK} -d x",
        ),
        ("curl -m 9 https://hc-ping.com/7d1a-22", f"curl -m 9 https://hc-ping.com/{MASK}"),
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
        "PWD=/srv/shop OLDPWD=/srv BUILD_PWD=/tmp/x",
        "COMPASS=north BYPASS=yes BY_PASS=no last_pass=12 proxy_pass=http_upstream",
        "pass: 3, latest-pass: yes, PUBLIC_KEY=abc, PRIMARY_KEY=id",
        "mysqldump --port 3306 -p shop",
        "no cookie: sign in first; {'cookie': 3}",
        "docker run -u 1000:1000 shop; rsync -u db:/a /b; sort -u a",
        "pg_dump --no-password shop; psql -a -f x.sql",
        "job --token-file /run/token --password-stdin < in",
        "--token is missing; --password needs a value",
    ],
)
def test_stays(text: str) -> None:
    assert mask(text) == text
