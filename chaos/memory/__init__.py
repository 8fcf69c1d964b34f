"""Memory: an index of every run in a database. The journals are the truth; the index only finds them."""

from chaos.memory.decision import Decision
from chaos.memory.entry import Entry
from chaos.memory.index import Index, open_index, remember
from chaos.memory.query import Query

__all__ = ["Decision", "Entry", "Index", "Query", "open_index", "remember"]
