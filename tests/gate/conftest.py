"""The small service that gates play against."""

from __future__ import annotations

from tests.attach.conftest import service

__all__ = ["service"]
