"""What belongs to others, before a run and after it, as stored and compared. Pure: checks judge by it."""
