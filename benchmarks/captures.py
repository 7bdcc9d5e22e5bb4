"""Reading captured data: ours beside the standard library, pyarrow, msgspec, polars and DuckDB.

Every reader runs in a process of its own, in turn; the shortest processor time of all rounds counts, as others may work
on the machine. The careful reader has one turn, which takes as long as one of all the others. It is of the same file
that a ratio is: captures of three kinds are beside a script that reads all three.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.shared.captured_data import BUILD, base64_record, csv_record, file_of, json_record, lines
from benchmarks.shared.publishing import DOCS, markdown_table, publish

PEERS = ("msgspec==0.22.0", "polars==2.1.0", "duckdb==2.0.0", "numpy", "pyarrow")
RECORDS = 200_000
_READERS = Path(__file__).with_name("capture_readers.py")
_OURS = ("ours", "ours, batches", "ours, mixed", "ours, mixed, careful", "ours, careful")
_STANDARD = ("json + csv", "json + csv, mixed", "json + split", "pyarrow.json + csv")
# How many times as many records a second as which other reader, at least.
_GOALS = {"ours": ("duckdb", 1.3), "ours, batches": ("duckdb", 1.3), "ours, mixed": ("json + csv, mixed", 3.0)}
_OTHERS = ("msgspec + polars", "polars, quotes", "duckdb")


def peers_python() -> Path:
    """The Python of an environment of the peers' own under build/, made if it is not there."""
    folder = BUILD / "venv-captures"
    python = folder / "bin" / "python"
    if not (folder / ".ready").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)  # noqa: S603 - our own list
        (folder / ".ready").touch()
    return python


def main(argv: list[str]) -> int:
    """Read the same files with every reader in turn, each in a process of its own, and print medians and ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks captures", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often every reader has its turn")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--no-peers", action="store_true", help="only what needs no other environment")
    options = parser.parse_args(argv)
    uniform = file_of("uniform.jsonl", lambda: lines(RECORDS, [csv_record]))
    mixed = file_of("mixed.jsonl", lambda: lines(RECORDS, [csv_record, json_record, base64_record]))
    readers = [(name, Path(sys.executable)) for name in (*_OURS, *_STANDARD)]
    if not options.no_peers:
        readers += [(name, peers_python()) for name in _OTHERS]
    found: dict[str, list[dict[str, float]]] = {name: [] for name, _ in readers}
    for turn in range(options.rounds):
        for name, python in readers:
            if turn and "careful" in name:
                continue
            found[name].append(_run(python, name, mixed if "mixed" in name else uniform))
    sums = {name: runs[0]["sum"] for name, runs in found.items()}
    if max(sums.values()) - min(sums.values()) > 1e-6 * abs(sums["ours"]):
        sys.stderr.write(f"the readers do not agree: {sums}\n")
        return 1
    table = table_of(found)
    sizes = f"uniform {uniform.stat().st_size / 1e6:.1f} MB, mixed {mixed.stat().st_size / 1e6:.1f} MB"
    sys.stdout.write(f"{sizes}; processors: {os.cpu_count()}\n{table}\n")
    if options.publish:
        publish(DOCS / "benchmarks.md", {"captures": table})
    return 0


def _run(python: Path, reader: str, path: Path) -> dict[str, float]:
    command = [str(python), str(_READERS), reader, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(_READERS.parents[1])}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - as above
    result: dict[str, float] = json.loads(done.stdout)
    return result


def table_of(found: dict[str, list[dict[str, float]]]) -> str:
    """Processor time and the clock, peak memory, and how many times as many records a second as others each reads."""
    times = {name: min(run["cpu"] for run in runs) for name, runs in found.items()}
    clock = {name: min(run["wall"] for run in runs) for name, runs in found.items()}
    header = [f"{RECORDS:,} records", "CPU seconds", "× json + csv", "× DuckDB", "on the clock", "peak MiB", "goal"]
    rows = []
    for name, runs in found.items():
        script = "json + csv, mixed" if "mixed" in name else "json + csv"
        duckdb = f"{times['duckdb'] / times[name]:.2f}" if "duckdb" in times and "mixed" not in name else ""
        beside, goal = _GOALS.get(name, ("", 0.0))
        peak = f"{max(run['peak'] for run in runs):.0f}"
        asked = f"{goal:g} × {beside}" if beside else ""
        rows.append(
            [
                name,
                f"{times[name]:.2f}",
                f"{times[script] / times[name]:.2f}",
                duckdb,
                f"{clock[name]:.2f}",
                peak,
                asked,
            ]
        )
    return markdown_table(header, rows)
