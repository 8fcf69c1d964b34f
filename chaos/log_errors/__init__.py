"""Error stacks in logs: parsed, grouped and ranked."""
