"""Which values of variables are secrets in plain text, and which only look like it."""

from __future__ import annotations

import pytest

from chaos.audit.plain_secret import is_plain_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "difyai123456"),
        ("SECRET_KEY", "sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGH"),
        ("INNER_API_KEY_FOR_PLUGIN", "QaHbTe77CtuXmsfyhR7"),
        ("DATABASE_URL", "postgresql://shop:s3cr3t@database/shop"),
        ("PASSWORD_URL", "https://user:s3cr3t@vault.example.com"),
        ("DB_PASSWORD", "12345678"),
        ("SETTINGS", "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"),
        ("HEADERS", "Authorization: Bearer abcdef0123456789"),
        *((name, "hunter2") for name in ("DB_PASS", "MYSQL_PASS", "SMTP_PASS", "POSTGRES_PWD", "DB_PW")),
        ("ENCRYPTION_KEY", "hunter2"),
        ("DB_PASSWORD", "pa$word123"),
        ("DB_PASSWORD", "$word123"),
        ("DB_PASSWORD", "cash$"),
        ("DATABASE_URL", "postgresql://shop:pa$word@database/shop"),
    ],
)
def test_a_secret_is_found(name: str, value: str) -> None:
    assert is_plain_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", None),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "$(PASSWORD)"),
        ("DB_PASSWORD", "${PASSWORD}"),
        ("DB_PASSWORD", "${PASSWORD:-}"),
        ("DB_PASSWORD", "$PASSWORD"),
        ("DATABASE_URL", "postgresql://shop:$PASSWORD@database/shop"),
        *((name, "north") for name in ("PWD", "OLDPWD", "COMPASS", "BYPASS", "PUBLIC_KEY")),
        ("BUILD_PWD", "/srv/shop"),
        ("DB_PASS_FILE", "/run/secrets/password"),
        ("DB_PASSWORD_FILE", "/run/secrets/password"),
        ("DB_PASSWORD", "/run/secrets/password"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "60"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "30"),
        ("MAX_TOKENS", "4096"),
        ("PROMPT_MAX_TOKENS_PER_CALL", "4096"),
        ("SECRET_NAME", "database"),
        ("TENCENT_COS_SECRET_ID", "1"),
        ("AUTHENTICATION_APIKEY_USERS", "hello@example.com"),
        ("AUTHORIZATION_ADMINLIST_USERS", "hello@example.com"),
        ("USE_SECRET_MANAGER", "true"),
        ("OIDC_TOKEN_ENDPOINT", "https://login.example.com/token"),
        ("PASSWORD", "vault:secret/data/shop#password"),
        ("API_URL", "https://api.example.com/v1?page=2"),
        ("GREETING", "hello"),
    ],
)
def test_what_only_looks_like_a_secret_is_none(name: str, value: str | None) -> None:
    assert not is_plain_secret(name, value)
