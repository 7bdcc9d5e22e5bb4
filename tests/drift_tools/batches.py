"""Batches of tables, written as transform jobs and warehouses write them."""

from pathlib import Path
from typing import Any

from drift_tools.job.settings import DatasetSettings, TimeWindow


def dataset(source: Path, kind: str = "csv", **options: Any) -> DatasetSettings:
    return DatasetSettings(
        format=kind,
        options=options or {"header": False},
        source=source,
        ground_truth=None,
        window=TimeWindow(),
        preprocessor=None,
        max_unreadable_share=0.1,
    )


def cells(table: Any) -> dict[str, list[str | None]]:
    return {name: column.as_texts().tolist() for name, column in table.columns.items()}
