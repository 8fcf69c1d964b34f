"""One file per rule. `chaos.audit.registered` lists them."""
