"""A window in the function for small windows: time and peak memory of the monitor on one processor, without pyarrow.

python -m benchmarks.small_windows [--megabytes 1 10 50 200] [--python build/bare/…/bin/python]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.captured_data import BUILD, FEATURES, csv_record, uniform_values
from benchmarks.shared.publishing import markdown_table
from drift_tools.errors import InputError
from drift_tools.job import suggest_baseline
from drift_tools.tables import read_table

MEGABYTE = 1024 * 1024
_RECORDS = 20_000
_BASELINE_ROWS = 10_000
# As in Lambda: one processor, and no pyarrow, whether this Python has it or not.
_MONITOR = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.modules["pyarrow"] = None
from drift_tools import monitor
sys.exit(monitor.main(["--ml-root", sys.argv[1]]))
"""


@dataclass(frozen=True)
class Run:
    """What one run took: seconds of wall clock and of the processor, and bytes of memory at the peak."""

    seconds: float
    processor_seconds: float
    peak: int
    method: str


def lay_out(root: Path, size: int) -> int:
    """A container's folders with about `size` bytes of captures and a baseline; how many records it has."""
    shutil.rmtree(root, ignore_errors=True)
    processing = root / "processing"
    data = processing / "input" / "baseline_data" / "baseline.csv"
    data.parent.mkdir(parents=True)
    names = ["answer", *(f"f{index}" for index in range(FEATURES))]
    lines = (
        ",".join([repr(round(row[0] / 3, 6)), *map(repr, row)]) for row in uniform_values(_BASELINE_ROWS, 0).tolist()
    )
    data.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    baseline = processing / "baseline"
    suggest_baseline(read_table(data), baseline)

    captured = processing / "input" / "endpoint" / "ep" / "Primary" / "2026" / "01" / "01" / "10" / "a.jsonl"
    captured.parent.mkdir(parents=True)
    filled = records = seed = 0
    with captured.open("w", encoding="utf-8") as file:
        while filled < size:
            seed += 1
            for row in uniform_values(_RECORDS, seed).tolist():
                answer, event = repr(round(row[0] / 3, 6)), str(uuid.UUID(int=records))
                filled += file.write(csv_record([*map(repr, row)], answer, event, "2026-01-01T10:00:01Z") + "\n")
                records += 1
                if filled >= size:
                    break
    return records


def run(python: str, root: Path, *, exact: bool) -> Run:
    """The monitor as a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-01-01T10:00:00Z",
        "end_time": "2026-01-01T11:00:00Z",
        "sagemaker_endpoint_name": "ep",
        "sagemaker_monitoring_schedule_name": "ep-data-quality",
        "publish_cloudwatch_metrics": "Disabled",
        "metric_namespace": "ModelMonitoring/Endpoints/data-metrics",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/statistics.json",
    }
    if exact:
        environment["baseline_dataset"] = "/opt/ml/processing/input/baseline_data/baseline.csv"
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - the Python that was asked for
        [python, "-c", _MONITOR, str(root)], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise InputError(f"the monitor failed: {(root / 'output' / 'message').read_text(encoding='utf-8')}")
    method = json.loads((root / "processing" / "output" / "drift.json").read_bytes())["method"]
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, str(method))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure windows of several sizes and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_windows", description=main.__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--python", default=sys.executable, help="the Python to run the monitor with")
    options = parser.parse_args(arguments)
    lines = []
    root = BUILD / "small_windows"
    for megabytes in options.megabytes:
        records = lay_out(root, megabytes * MEGABYTE)
        for exact in (True, False):
            found = run(options.python, root, exact=exact)
            lines.append(
                [
                    f"{megabytes} MB, {found.method}",
                    f"{records:,}",
                    f"{found.seconds:.1f} s",
                    f"{found.processor_seconds:.1f} s",
                    f"{found.peak / MEGABYTE:.0f} MiB",
                ]
            )
    shutil.rmtree(root)
    sys.stdout.write(markdown_table(["window", "records", "time", "processor", "peak memory"], lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
