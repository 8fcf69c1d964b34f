"""The run history: an index of all runs in a database. The journals are the truth; the index only finds them."""

from chaos.history.decision import Decision
from chaos.history.entry import Entry
from chaos.history.index import Index, open_index, remember
from chaos.history.query import Query

__all__ = ["Decision", "Entry", "Index", "Query", "open_index", "remember"]
