"""The run history: an index of all runs in a database. The journals are the truth; the index only finds them."""
