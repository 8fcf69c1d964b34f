"""What a command has played, from a file's name to one result."""
