"""Sample the target and the machine four times a second."""
