"""CSV, quoted CSV, JSON Lines and columns of texts, beside what pyarrow takes for the same.

Memory is told in times of the tables: both sides as they lie in memory, eight bytes a number, and Arrow's strings (four
bytes more than the text's own). What a process has before it reads, the libraries loaded, is none of the comparison's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json

from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools.comparison import compare
from drift_tools.job import load_json
from drift_tools.tables import read_table

Line: TypeAlias = tuple[str, str, str, str, str]
_REPETITIONS = 3
# Run in a process of its own, whose memory is then the comparison's alone.
_PEAK = """
import sys
from drift_tools.comparison import compare
from drift_tools.tables import read_table
import pyarrow, pyarrow.csv, scipy.stats, scipy.special

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

before = peak()
compare(read_table(sys.argv[1]), read_table(sys.argv[2]))
sys.stdout.write(str(peak() - before))
"""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def table_of(rows: int, seed: int) -> pa.Table:
    """20 columns: 17 of numbers, two of categories, and the time of the row, which no other row has."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"x{index}": rng.normal(100 * index, 10, rows).round(3) for index in range(12)}
    columns |= {f"i{index}": rng.integers(0, 1000 * 10**index, rows) for index in range(5)}
    columns["kind"] = rng.choice(["alpha", "beta", "gamma", "delta"], rows)
    columns["city"] = rng.choice([f"city {index}" for index in range(200)], rows)
    columns["when"] = np.char.add("row ", (np.arange(rows) + seed * rows).astype(str))
    return pa.table(columns)


def seconds(do: Callable[[], Any]) -> float:
    """The shortest processor time of several runs."""
    best = float("inf")
    for _ in range(_REPETITIONS):
        start = time.process_time()
        do()
        best = min(best, time.process_time() - start)
    return best


def csv_lines(folder: Path, tables: list[pa.Table]) -> Iterator[Line]:
    """Reading and comparing two CSV files, beside pyarrow's reading of them and the measures of what it read."""
    measures = seconds(lambda: compare(*tables))
    size = sum(table.nbytes for table in tables)
    for quoting, name in (("none", "plain"), ("needed", "quoted")):
        files = [folder / f"{name}{side}.csv" for side in range(2)]
        for file, table in zip(files, tables, strict=True):
            pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style=quoting))
        theirs = seconds(lambda files=files: [pa_csv.read_csv(file) for file in files])  # type: ignore[misc]
        ours = seconds(lambda files=files: [read_table(file) for file in files])  # type: ignore[misc]
        whole = seconds(lambda files=files: compare(*map(read_table, files)))  # type: ignore[misc]
        done = subprocess.run(  # noqa: S603 - this interpreter and this file's own text
            [sys.executable, "-c", _PEAK, *map(str, files)], capture_output=True, text=True, check=True
        )
        beside = f"pyarrow.csv: {theirs:.2f} s"
        yield f"two CSV files, {name}: read", f"{ours:.2f} s", beside, f"{ours / theirs:.2f}", "2"
        beside = f"twice pyarrow.csv, and the measures: {2 * theirs + measures:.2f} s"
        yield f"{name}: read and compared", f"{whole:.2f} s", beside, f"{whole / (2 * theirs + measures):.2f}", "1"
        peak, written = int(done.stdout), sum(file.stat().st_size for file in files)
        for what, other, goal in (("the tables", size, "2.5"), ("the files", written, "")):
            yield (
                f"{name}: memory at most",
                f"{peak / 1e6:.0f} MB",
                f"{what}: {other / 1e6:.0f} MB",
                f"{peak / other:.2f}",
                goal,
            )


def decimal_lines(folder: Path, table: pa.Table) -> Iterator[Line]:
    """Reading a CSV file with decimal commas, beside pyarrow's reader, which is told of them."""
    file = folder / "decimal.csv"
    pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style="none", delimiter=";"))
    file.write_bytes(file.read_bytes().replace(b".", b","))  # no text has either
    parse, convert = pa_csv.ParseOptions(delimiter=";"), pa_csv.ConvertOptions(decimal_point=",")
    theirs = seconds(lambda: pa_csv.read_csv(file, parse_options=parse, convert_options=convert))
    ours = seconds(lambda: read_table(file, decimal=","))
    beside = f"pyarrow.csv: {theirs:.2f} s"
    yield f"CSV, decimal commas, {table.num_rows:,} rows: read", f"{ours:.2f} s", beside, f"{ours / theirs:.2f}", "2"


def text_lines(rows: int) -> Iterator[Line]:
    """A column of texts of which no two are alike, beside a column of numbers."""
    rng = np.random.default_rng(1)
    numbers = [pa.table({"x": rng.normal(size=rows)}) for _ in range(2)]
    texts = [pa.table({"x": [f"{side} {index}" for index in range(rows)]}) for side in "ab"]
    one, other = seconds(lambda: compare(*numbers)), seconds(lambda: compare(*texts))
    counted = seconds(lambda: [text.column("x").value_counts() for text in texts])
    yield "texts without a repetition: compared", f"{other:.2f} s", f"numbers: {one:.3f} s", f"{other / one:.1f}", "3"
    beside = f"pyarrow's value_counts: {counted:.2f} s"
    yield "the same", f"{other:.2f} s", beside, f"{other / counted:.1f}", ""


def json_lines(folder: Path, table: pa.Table) -> Iterator[Line]:
    """Reading JSON Lines, beside pyarrow's reader."""
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    theirs = seconds(lambda: pa_json.read_json(file))
    ours = seconds(lambda: load_json(file, lines=True))
    beside = f"pyarrow.json: {theirs:.2f} s"
    yield f"JSON Lines, {table.num_rows:,} rows: read", f"{ours:.2f} s", beside, f"{ours / theirs:.2f}", "2"


def wide_lines(folder: Path) -> Iterator[Line]:
    """Records of many columns: the time a cell takes should not depend on how many there are, but for what memory
    costs, of which Python's own reader of JSON tells.
    """
    first = alone = 0.0
    for width in (1000, 4000, 16000):
        file = folder / f"wide{width}.jsonl"
        row = {f"f{index}": index * 0.5 for index in range(width)}
        file.write_text((json.dumps(row) + "\n") * 20)
        cell = seconds(lambda file=file: load_json(file, lines=True)) / (20 * width)  # type: ignore[misc]
        texts = file.read_text().splitlines()
        theirs = seconds(lambda texts=texts: list(map(json.loads, texts))) / (20 * width)  # type: ignore[misc]
        first, alone = first or cell, alone or theirs
        for what, own, base in (("a cell", cell, first), ("json.loads alone", theirs, alone)):
            beside = f"of 1,000: {1e6 * base:.2f} µs"
            yield f"records of {width:,} columns: {what}", f"{1e6 * own:.2f} µs", beside, f"{own / base:.2f}", ""


def main(argv: list[str]) -> int:
    """Print the ratios, and write them to docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each table (default: 1,000,000)")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args(argv)
    rows: int = options.rows
    tables = [table_of(rows, seed) for seed in range(2)]
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = (json_lines(folder, tables[0][: max(rows // part, 1)]) for part in (400, 5))
        commas = decimal_lines(folder, tables[0])
        for part in (csv_lines(folder, tables), commas, text_lines(rows), few, many, wide_lines(folder)):
            for line in part:
                _say("  ".join(line))
                lines.append(line)
    if options.publish:
        header = [f"20 columns, {rows:,} rows", "drift_tools", "beside", "ratio", "goal"]
        publish(DOCS / "benchmarks.md", {"reading": markdown_table(header, lines)})
    return 0
