"""One run, from preflight to outcome."""
