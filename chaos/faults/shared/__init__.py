"""What faults share. Nothing here is a fault."""
