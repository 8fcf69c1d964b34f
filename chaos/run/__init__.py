"""One run, from the first refusal to its outcome."""
