"""A window of captured data that is larger than memory: peak memory, time and the error of the sketches."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.shared.captured_data import BUILD, csv_record, uniform_values
from drift_tools.job import suggest_baseline
from drift_tools.profiles import Statistics
from drift_tools.tables import as_table

_RECORDS = 200_000
_DIFFERENT_FILES = 8
_LIMIT_MIB = 1024
# What runs by itself, so that its memory is nobody else's.
_MONITOR = """
import sys
from pathlib import Path
from drift_tools.job import monitor_captures
captured, baseline, output = map(Path, sys.argv[1:4])
print(monitor_captures(captured, baseline, output).captures.used)
"""


def rows(seed: int) -> Iterator[tuple[float, list[str]]]:
    """17 numbers, a whole number, one of five categories, and an id that nobody else has."""
    rng = np.random.default_rng(seed)
    values = uniform_values(_RECORDS, seed)[:, :17].tolist()
    codes = rng.integers(0, 40, _RECORDS).tolist()
    kinds = rng.choice(["red", "green", "blue", "black", "white"], _RECORDS).tolist()
    for index, (row, code, kind) in enumerate(zip(values, codes, kinds, strict=True)):
        yield row[0], [*map(repr, row), str(code), kind, f"customer-{seed}-{index}"]


def make_file(folder: Path, seed: int) -> Path:
    """A file of captured data, and beside it the exact values of its first feature."""
    path = folder / f"{seed}.jsonl"
    exact = folder / f"{seed}.npy"
    if not exact.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        ids = random.Random(seed)  # noqa: S311 - the same file every time is what is wanted
        first: list[float] = []
        with path.open("w", encoding="utf-8") as file:
            for index, (value, cells) in enumerate(rows(seed)):
                first.append(value)
                moment = f"2026-01-01T10:{index * 60 // _RECORDS:02d}:{index % 60:02d}Z"
                answer = repr(round(value / 3, 6))
                file.write(csv_record(cells, answer, str(uuid.UUID(int=ids.getrandbits(128))), moment) + "\n")
        np.save(exact, np.array(first))
    return path


def make_window(window: Path, made: list[Path], size: float) -> tuple[int, list[int]]:
    """Hard links to the files that were made, in turn, until they have `size` bytes together."""
    for old in window.rglob("*.jsonl"):
        old.unlink()
    written, links = 0, [0] * len(made)
    while written < size:
        number = sum(links)
        source = made[number % len(made)]
        target = window / "endpoint" / "AllTraffic" / "2026" / "01" / "01" / "10" / f"{number:05d}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
        links[number % len(made)] += 1
        written += source.stat().st_size
    return written, links


def make_baseline(folder: Path) -> None:
    """The statistics and constraints of one file's worth of rows that are in none of the window's files."""
    cells = [row for _, row in rows(seed=1000)]
    columns = list(zip(*cells, strict=True))
    table: dict[str, object] = {"prediction": np.array([float(cell) / 3 for cell in columns[0]])}
    for index, column in enumerate(columns):
        table[f"f{index}"] = list(column) if index > 17 else np.array(list(map(float, column)))
    suggest_baseline(as_table(table), folder)


def rank_error(statistics: Path, feature: str, exact: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The largest difference between a share that the written sketch tells and the true one."""
    numerical = Statistics.read(statistics).features[feature].numerical
    if numerical is None:
        raise ValueError(f"{feature} has no sketch")
    ordered = np.sort(exact)
    items, shares = numerical.sketch.cumulated()
    # Of equal items the last has the share of all of them.
    last = np.append(items[1:] != items[:-1], True)
    true = np.searchsorted(ordered, items[last], side="right") / len(ordered)
    return float(np.max(np.abs(shares[last] - true)))


def main(argv: list[str]) -> int:
    """Make a window of `--gigabytes`, monitor it in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks large_window", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    options = parser.parse_args(argv)
    folder = BUILD / "large_window"
    made = [make_file(folder / "made", seed) for seed in range(_DIFFERENT_FILES)]
    size, links = make_window(folder / "window", made, options.gigabytes * 1e9)
    make_baseline(folder / "baseline")
    began = time.perf_counter()
    command = [sys.executable, "-c", _MONITOR, *(str(folder / name) for name in ("window", "baseline", "output"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this Python, our own text
    output, _ = process.communicate()
    took = time.perf_counter() - began
    if process.returncode:
        return process.returncode
    peak = _peak_mib()
    exact = np.concatenate(
        [np.repeat(np.load(path.with_suffix(".npy")), n) for path, n in zip(made, links, strict=True)]
    )
    error = rank_error(folder / "output" / "statistics.json", "f0", exact)
    result = {
        "gigabytes": round(size / 1e9, 2),
        "records": int(output),
        "seconds": round(took, 1),
        "records_per_second": round(int(output) / took),
        "peak_mib": round(peak),
        "limit_mib": _LIMIT_MIB,
        "rank_error": round(error, 5),
        "rank_error_limit": 0.005,
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0 if peak <= _LIMIT_MIB and error <= 0.005 else 1


def _peak_mib() -> float:
    import resource  # noqa: PLC0415 - Unix only, like the measurement

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
