"""Taking the inventory: one file per kind reads it, and `taking` puts the kinds together."""
