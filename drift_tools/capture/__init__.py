"""What an endpoint captured, read into tables: with care, and fast where all records have one layout."""

from drift_tools.capture.coverage import LabelCoverage
from drift_tools.capture.files import DAMAGED, Block, DamagedError, blocks_of, capture_files, files_below
from drift_tools.capture.json_payload import CONTAINER_NAMES
from drift_tools.capture.labels import Labels, numbered_lines, read_labels
from drift_tools.capture.read import (
    BATCH_ROWS,
    MAX_UNREADABLE_SHARE,
    Captures,
    Counts,
    Problem,
    iterate_captures,
    read_captures,
)
from drift_tools.capture.records import BOTH_SIDES, GROUND_TRUTH, OTHER_ROWS_OF_LABEL, OUTPUT, Preprocessor

__all__ = [
    "BATCH_ROWS",
    "BOTH_SIDES",
    "CONTAINER_NAMES",
    "DAMAGED",
    "GROUND_TRUTH",
    "MAX_UNREADABLE_SHARE",
    "OTHER_ROWS_OF_LABEL",
    "OUTPUT",
    "Block",
    "Captures",
    "Counts",
    "DamagedError",
    "LabelCoverage",
    "Labels",
    "Preprocessor",
    "Problem",
    "blocks_of",
    "capture_files",
    "files_below",
    "iterate_captures",
    "numbered_lines",
    "read_captures",
    "read_labels",
]
