"""Captured data that is too much for one machine: the same profile, as a Spark job.

Each partition is read and profiled by itself (`mapInArrow`), and the profiles are merged in a tree; what comes out is
what one process would say, to the sketch's error. Runs wherever PySpark 3.3 or newer and this package with numpy and
pyarrow are: EMR, Glue, SageMaker's Spark processing container, or one machine. The module can be imported without
pyspark, which the caller's session brings.

    spark-submit --py-files drift_tools.zip -m drift_tools.job.spark --captured s3://bucket/prefix --output profile.json
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from drift_tools.capture import BATCH_ROWS, BOTH_SIDES, MAX_UNREADABLE_SHARE, Counts, iterate_captures
from drift_tools.errors import InputError
from drift_tools.job.baseline_files import suggest_baseline
from drift_tools.job.kinds.data_quality import monitor_data_quality, profile_batches
from drift_tools.job.results import require_rows
from drift_tools.job.shards import counts_from_dict, counts_to_dict
from drift_tools.monitors.data_quality import Constraints
from drift_tools.profiles import Profile, Statistics

# So many profiles are merged at a time: a profile of a hundred columns has a few megabytes.
FAN_IN = 8
_SCHEMA = "profile binary"


def profile_captures(
    spark: Any,
    paths: Sequence[str],
    *,
    constraints: Constraints | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    sides: Sequence[str] = BOTH_SIDES,
    outputs_first: bool = True,
    batch_rows: int = BATCH_ROWS,
    fan_in: int = FAN_IN,
) -> tuple[Profile, Counts]:
    """The profile of captured data, and what was read.

    Raises `InputError` for an empty list of paths or a `fan_in` below 2; what Spark raises for paths that do not exist
    is left as it is.

    Parameters
    ----------
    spark
        a `pyspark.sql.SparkSession`.
    paths
        files or folders of captured data that Spark can read, such as `s3://bucket/prefix`; gzip is unpacked.
    constraints
        the baseline's: their names are the columns', and what they ask about is kept.
    start, end, sides, outputs_first, batch_rows
        as for `drift_tools.capture.iterate_captures`.
    fan_in
        how many profiles a task merges at a time.
    """
    if not paths:
        raise InputError("no path was given: name the captured data's folder")
    if fan_in < 2:
        raise InputError(f"fan_in is {fan_in}: give at least 2")
    options: dict[str, Any] = {
        "columns": None if constraints is None else list(constraints.features),
        "start": start,
        "end": end,
        "sides": tuple(sides),
        "outputs_first": outputs_first,
        "batch_rows": batch_rows,
        "typed": True,
    }

    def profile_partition(batches: Iterator[Any]) -> Iterator[Any]:
        lines = (line for batch in batches for line in batch.column(0).to_pylist())
        yield _packed(*profile_batches(iterate_captures(lines, **options), constraints))

    def merge_partition(batches: Iterator[Any]) -> Iterator[Any]:
        yield _packed(*_merged(_unpacked(cell) for batch in batches for cell in batch.column(0).to_pylist()))

    reader = spark.read.option("recursiveFileLookup", "true").option("pathGlobFilter", "*.jsonl*")
    frame = reader.option("lineSep", "\n").text(list(paths))
    partitions = frame.rdd.getNumPartitions() if hasattr(frame, "rdd") else fan_in
    profiles = frame.mapInArrow(profile_partition, _SCHEMA)
    while partitions > fan_in:
        partitions = -(-partitions // fan_in)
        profiles = profiles.repartition(partitions).mapInArrow(merge_partition, _SCHEMA)
    return _merged(_unpacked(bytes(row[0])) for row in profiles.collect())


def _merged(parts: Iterator[tuple[Profile, Counts]]) -> tuple[Profile, Counts]:
    profile, counts = Profile(0, {}), Counts()
    for own, read in parts:
        profile, counts = profile.merge(own), counts.add(read)
    return profile, counts


def _packed(profile: Profile, counts: Counts) -> Any:
    """One row of a frame, as Arrow."""
    import pyarrow as pa  # noqa: PLC0415 - Spark brings it

    document = {"profile": profile.to_dict(), "counts": counts_to_dict(counts)}
    content = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    return pa.RecordBatch.from_arrays([pa.array([content], type=pa.binary())], names=["profile"])


def _unpacked(content: bytes) -> tuple[Profile, Counts]:
    document = json.loads(content)
    return Profile.from_dict(document["profile"]), counts_from_dict(document["counts"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile captured data with Spark; with a baseline also check it, and write the monitor's files."""
    parser = argparse.ArgumentParser(prog="python -m drift_tools.job.spark", description=main.__doc__)
    parser.add_argument("--captured", action="append", required=True, help="a folder or file; may be given again")
    parser.add_argument("--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--baseline", type=Path, help="folder with the baseline's statistics.json and constraints.json")
    parser.add_argument("--start", type=datetime.fromisoformat, help="first inferenceTime of the window")
    parser.add_argument("--end", type=datetime.fromisoformat, help="end of the window, not included")
    parser.add_argument("--max-unreadable-share", type=float, default=MAX_UNREADABLE_SHARE)
    options = parser.parse_args(arguments)
    # By name, because type checkers need not have it, and the rest of the module works without it.
    spark = importlib.import_module("pyspark.sql").SparkSession.builder.appName("drift_tools profile").getOrCreate()
    try:
        constraints = None if options.baseline is None else Constraints.read(options.baseline / "constraints.json")
        profile, counts = profile_captures(
            spark, options.captured, constraints=constraints, start=options.start, end=options.end
        )
        require_rows(counts, options.max_unreadable_share)
        options.output.mkdir(parents=True, exist_ok=True)
        profile.write(options.output / "profile.json")
        if constraints is None:
            suggest_baseline(profile, options.output)
        else:
            statistics = Statistics.read(options.baseline / "statistics.json")
            monitor_data_quality(profile, constraints, statistics, options.output)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
