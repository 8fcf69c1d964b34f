"""Sizes as Kubernetes and Compose write them."""

from __future__ import annotations

import pytest

from chaos.audit.quantity import size


@pytest.mark.parametrize(
    ("text", "compose", "value"),
    [
        ("512Mi", False, 512 * 2**20),
        ("1Pi", False, 2**50),
        ("1Ei", False, 2**60),
        ("1P", False, 10**15),
        ("1E", False, 10**18),
        ("1e9", False, 10**9),
        ("1E9", False, 10**9),
        ("1.5e+9", False, 1.5e9),
        ("128974848000m", False, 128974848),
        ("1u", False, 1e-6),
        (".5Gi", False, 2**29),
        ("1.", False, 1),
        ("+1Gi", False, 2**30),
        ("1g", False, None),
        ("1GiB", False, None),
        ("1e9999", False, None),
        ("e9", False, None),
        (".", False, None),
        ("", False, None),
        ("1g", True, 2**30),
        ("1.5G", True, 1.5 * 2**30),
        ("1t", True, 2**40),
        ("1gib", True, 2**30),
        ("1GiB", True, 2**30),
        ("1pb", True, 2**50),
        ("1024", True, 1024),
        ("7b", True, 7),
        ("0", True, 0),
        ("1gi", True, None),
        ("1x", True, None),
    ],
)
def test_a_size_is_read_in_each_unit(text: str, compose: bool, value: float | None) -> None:
    assert size(text, compose=compose) == value
