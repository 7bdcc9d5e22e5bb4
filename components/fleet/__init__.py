"""Many models: their results as tables, their dashboard, and what lies between accounts."""

from components.fleet.named_queries import QUERIES, NamedQuery
from components.fleet.tables import ResultTables, ResultTablesArgs

__all__ = ["QUERIES", "NamedQuery", "ResultTables", "ResultTablesArgs"]
