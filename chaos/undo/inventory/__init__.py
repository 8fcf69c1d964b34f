"""Take the inventory: one file per kind; `taking` combines the kinds."""
