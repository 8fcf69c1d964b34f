"""Use cases: from the name of a file to one result. `cli` parses arguments and calls them."""
