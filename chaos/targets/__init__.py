"""One folder per driver, and what they share."""
