"""When runs happen: due times, who starts them, and what became of each."""
