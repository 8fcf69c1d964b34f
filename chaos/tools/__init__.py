"""The parts of the stack: where each is found on this machine, and how to get it."""
