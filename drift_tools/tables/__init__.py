"""Columns with names and types, from CSV, Parquet, Arrow or arrays. Needs numpy only, and takes pyarrow where it is."""

from drift_tools.tables.arrow_cells import ArrowTexts, Cells, NotPlainError, Parts, json_cell, without_blanks
from drift_tools.tables.arrow_columns import decoded
from drift_tools.tables.category_labels import (
    TRUTHS,
    common_spelling,
    is_plain_number,
    known_spelling,
    respelt,
    respelt_cells,
)
from drift_tools.tables.column import (
    LARGEST_EXACT,
    MISSING_WORDS,
    Column,
    Numbers,
    Texts,
    TimeColumn,
    TypeCounts,
    are_mostly_numbers,
    as_single,
    count_categories,
    parse_numbers,
)
from drift_tools.tables.concatenate import concatenate
from drift_tools.tables.convert import as_table, column_of, from_arrow
from drift_tools.tables.csv_text import read_csv_text
from drift_tools.tables.files import has_parquet, is_parquet, read_bytes, read_parquet, read_table
from drift_tools.tables.json_fast import LARGE_JSON, read_plain_json_lines
from drift_tools.tables.moments import as_moments, looks_like_moment, recognised, seconds_since_1970
from drift_tools.tables.number_bytes import JSON_NUMBER, Order, are_json_numbers, content_of, types_of_numbers
from drift_tools.tables.opening import has_arrow, named_index, opened
from drift_tools.tables.parsed_cells import ParsedCells, Run, joined
from drift_tools.tables.table import Table
from drift_tools.tables.take import take_rows

__all__ = [
    "JSON_NUMBER",
    "LARGEST_EXACT",
    "LARGE_JSON",
    "MISSING_WORDS",
    "TRUTHS",
    "ArrowTexts",
    "Cells",
    "Column",
    "NotPlainError",
    "Numbers",
    "Order",
    "ParsedCells",
    "Parts",
    "Run",
    "Table",
    "Texts",
    "TimeColumn",
    "TypeCounts",
    "are_json_numbers",
    "are_mostly_numbers",
    "as_moments",
    "as_single",
    "as_table",
    "column_of",
    "common_spelling",
    "concatenate",
    "content_of",
    "count_categories",
    "decoded",
    "from_arrow",
    "has_arrow",
    "has_parquet",
    "is_parquet",
    "is_plain_number",
    "joined",
    "json_cell",
    "known_spelling",
    "looks_like_moment",
    "named_index",
    "opened",
    "parse_numbers",
    "read_bytes",
    "read_csv_text",
    "read_parquet",
    "read_plain_json_lines",
    "read_table",
    "recognised",
    "respelt",
    "respelt_cells",
    "seconds_since_1970",
    "take_rows",
    "types_of_numbers",
    "without_blanks",
]
