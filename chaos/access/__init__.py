"""What may be reached, which authorities to trust, and with which secrets."""
