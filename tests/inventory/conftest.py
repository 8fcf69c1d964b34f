"""A service that midnight did not start, and one Toxiproxy server of somebody else's."""

from __future__ import annotations

from tests.faults.conftest import handles, installation, postgres_servers, primary, service, toxiproxy

__all__ = ["handles", "installation", "postgres_servers", "primary", "service", "toxiproxy"]
