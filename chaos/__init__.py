"""A chaos-engineering nightly simulator."""
