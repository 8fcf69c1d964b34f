"""A verdict and its journal, rendered: HTML, JSON, the terminal. Renders, decides nothing.

`Format` and `JudgedRun` are what the report formats of plug-ins are written against.
"""

from chaos.reports.format import Format, JudgedRun

__all__ = ["Format", "JudgedRun"]
