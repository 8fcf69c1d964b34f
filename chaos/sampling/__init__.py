"""What the target and the machine looked like, four times a second."""
