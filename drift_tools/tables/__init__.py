"""Columns with names and types, from CSV, Parquet, Arrow or arrays. Needs numpy only, and takes pyarrow where it is."""

from drift_tools.tables.arrow_cells import ArrowTexts, Cells, NotPlainError, Order, Parts, content_of, json_cell
from drift_tools.tables.category_labels import common_spelling, respelt, respelt_cells
from drift_tools.tables.column import (
    LARGEST_EXACT,
    MISSING_WORDS,
    Column,
    Numbers,
    Texts,
    TypeCounts,
    are_mostly_numbers,
    as_single,
    count_categories,
    parse_numbers,
)
from drift_tools.tables.table import Table, TimeColumn, arrow_table, as_table, is_parquet, read_bytes, read_table

__all__ = [
    "LARGEST_EXACT",
    "MISSING_WORDS",
    "ArrowTexts",
    "Cells",
    "Column",
    "NotPlainError",
    "Numbers",
    "Order",
    "Parts",
    "Table",
    "Texts",
    "TimeColumn",
    "TypeCounts",
    "are_mostly_numbers",
    "arrow_table",
    "as_single",
    "as_table",
    "common_spelling",
    "content_of",
    "count_categories",
    "is_parquet",
    "json_cell",
    "parse_numbers",
    "read_bytes",
    "read_table",
    "respelt",
    "respelt_cells",
]
