"""A run on disk: directory, journal, hits and inventory, with secrets masked."""
