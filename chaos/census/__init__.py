"""What a process holds: counted and named from outside, by its stacks, or by a witness inside it."""
