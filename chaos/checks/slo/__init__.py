"""Objectives over requests: availability, latency, burn rate, and room in the pool."""
