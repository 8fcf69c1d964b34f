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
        ("OAUTH_TOKEN_URL", "https://shop:s3cr3t@login.example.com/token"),
        ("OAUTH_TOKEN_URL", "https://login.example.com/?token=s3cr3t"),
        ("TOKEN_HOOK_URL", "https://hooks.slack.com/services/T0/B0/abc"),
        ("PASSWORD_URL", "hunter2"),
        ("REPOSITORY", "https://ghp_abcdefghijklmnopqrst@github.com/acme/shop"),
        ("SENTRY_DSN", "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1"),
        ("DB_PASSWORD", "1"),
        ("USE_THIS_PASSWORD", "hunter2"),
        ("APP_KEY", "base64:2fl+Ktvkfl+Fuz4Qp/A75G2RTiWVA/ZoKZvp6fiiM10="),
        ("STRIPE_KEY", "sk_live_51H8abcdefghij"),
        ("STRIPE_KEY", "rk_test_51H8abcdefghij"),
        ("GITHUB", "github_pat_11ABCDEFG0abcdefghijkl"),
        (
            "AZURE_STORAGE_CONNECTION_STRING",
            "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=aGVsbG8=;EndpointSuffix=core.windows.net",
        ),
        ("NEO4J_AUTH", "neo4j/hunter22"),
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
        ("DATABASE_URL", "postgresql://app@pgbouncer.shop.svc:6432/app"),
        ("DATABASE_URL", "postgresql://app-2@pgbouncer.shop.svc:6432/app"),
        ("GIT_REMOTE", "ssh://git@github.com/acme/shop.git"),
        *(
            (name, "https://login.example.com/realms/shop/protocol/token")
            for name in (
                "OAUTH_TOKEN_URL",
                "GF_AUTH_GENERIC_OAUTH_TOKEN_URL",
                "PASSWORD_RESET_URL",
                "TOKEN_SERVICE_URL",
                "TOKEN_URI",
            )
        ),
        ("TOKEN_SERVICE_URL", "http://token-service:8080"),
        ("AUTH_URL", "http://token-service.shop.svc:8080/v1"),
        *((name, "1") for name in ("MYSQL_RANDOM_ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD", "USE_TOKEN_AUTH")),
        ("ACCESS_TOKEN_LIFETIME", "1h"),
        ("ACCESS_TOKEN_VALIDITY", "1h"),
        ("PASSWORD_HASHER", "argon2"),
        ("TOKEN_CACHE", "redis"),
        ("SECRET_STORE", "aws"),
        ("SECRET_ROTATION", "daily"),
        ("SECRET_MANAGER_PROJECT", "shop-prod"),
        ("TOKEN_BUCKET_RATE", "5r/s"),
        ("APP_KEY", "base64:$(KEY)"),
        ("CACHE_KEY", "base64:short"),
        ("STRIPE_KEY", "pk_live_51H8abcdefghij"),
        ("STRIPE_KEY", "${STRIPE_KEY}"),
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=shop;AccountKey=$(ACCOUNT_KEY)"),
        ("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        *(("NEO4J_AUTH", value) for value in ("none", "neo4j/$(PASSWORD)", "neo4j/${PASSWORD}")),
    ],
)
def test_what_only_looks_like_a_secret_is_none(name: str, value: str | None) -> None:
    assert not is_plain_secret(name, value)
