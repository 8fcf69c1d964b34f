"""A connection URL of MySQL, MariaDB or Redis is taken apart with certainty or refused, and is not shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.access import store_urls
from chaos.access.dsn import Uncertain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mysql://shop:Pa_55@db:3306/orders?charset=utf8mb4", ("mysql", "shop", "Pa_55", "")),
        ("mysql+pymysql://shop@127.0.0.1/orders", ("mysql", "shop", "", "")),
        ("MariaDB://shop:Pa_55@[::1]:3306", ("mysql", "shop", "Pa_55", "")),
        ("redis://:Pa_55@cache:6379/0", ("redis", "", "Pa_55", "")),
        ("valkey://shop:Pa_55@cache", ("redis", "shop", "Pa_55", "")),
        ("rediss://shop:Pa_55@cache.example:6380/0", ("redis", "shop", "Pa_55", "cache.example")),
    ],
)
def test_a_url_of_a_store_is_its_kind_and_its_login(text: str, found: tuple[str, ...]) -> None:
    url = store_urls.parse(text)
    assert (url.kind, url.user, url.password, url.certified) == found
    assert "Pa_55" not in repr(url) and "shop" not in repr(url)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("mysql://shop:Pa_55@w0rd@db/orders", "is ambiguous"),
        ("mysql://shop:Pa_55/w0rd@db/orders", "is ambiguous"),
        ("redis://:Pa_55#w0rd@db", "is ambiguous"),
        ("redis://:Pa_55%w0rd@db", "is ambiguous"),
        ("redis://:Pa_55%ff@db", "is ambiguous"),
        ("mysql://db/orders?user=shop&password=Pa_55", "has no user"),
        ("redis://cache:6379", "has no password"),
        ("rediss://:Pa_55@", "has no host"),
        ("postgresql://shop:Pa_55@db/orders", "is not a URL of MySQL, MariaDB or Redis"),
        ("Pa_55", "is not a URL of MySQL, MariaDB or Redis"),
    ],
)
def test_an_uncertain_url_is_refused_and_not_shown(text: str, rule: str) -> None:
    with pytest.raises(Uncertain, match=rule) as refused:
        store_urls.parse(text)
    assert "Pa_55" not in str(refused.value) and "w0rd" not in str(refused.value)


@given(user=st.text(min_size=1, max_size=9), password=st.text(min_size=1, max_size=9))
def test_any_login_that_is_encoded_is_found_again(user: str, password: str) -> None:
    url = store_urls.parse(f"mysql://{quote(user, safe='')}:{quote(password, safe='')}@db/orders")
    assert (url.user, url.password) == (user, password)
    assert {user, password, f"{user}:{password}"} <= set(url.secret)
