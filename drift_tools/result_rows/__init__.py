"""A run's results as lines of tables (contract.result_tables): what a job writes, and what older runs get."""

from drift_tools.result_rows.lines import acknowledgement_line, day_of, lines_of, object_name, read_lines
from drift_tools.result_rows.rows import Documents, RunIdentity, rows_of

__all__ = [
    "Documents",
    "RunIdentity",
    "acknowledgement_line",
    "day_of",
    "lines_of",
    "object_name",
    "read_lines",
    "rows_of",
]
