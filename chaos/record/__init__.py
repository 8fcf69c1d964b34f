"""What a run leaves on disk: its directory, journal, hits and inventory, with secrets masked."""
