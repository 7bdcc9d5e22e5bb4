"""Reading captured data: ours beside the standard library, pyarrow, msgspec, polars and DuckDB."""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from statistics import median

from benchmarks.shared.captured_data import BUILD, base64_record, csv_record, file_of, json_record, lines

PEERS = ("msgspec==0.22.0", "polars==2.1.0", "duckdb==2.0.0", "numpy", "pyarrow")
RECORDS = 200_000
_READERS = Path(__file__).with_name("capture_readers.py")
_OURS = ("ours", "ours, batches", "ours, mixed", "ours, mixed, careful", "ours, careful")
_STANDARD = ("json + csv", "json + split", "pyarrow.json + csv")
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
    parser.add_argument("--no-peers", action="store_true", help="only what needs no other environment")
    options = parser.parse_args(argv)
    uniform = file_of("uniform.jsonl", lambda: lines(RECORDS, [csv_record]))
    mixed = file_of("mixed.jsonl", lambda: lines(RECORDS, [csv_record, json_record, base64_record]))
    readers = [(name, Path(sys.executable)) for name in (*_OURS, *_STANDARD)]
    if not options.no_peers:
        readers += [(name, peers_python()) for name in _OTHERS]
    found: dict[str, list[dict[str, float]]] = {name: [] for name, _ in readers}
    for _ in range(options.rounds):
        for name, python in readers:
            found[name].append(_run(python, name, mixed if "mixed" in name else uniform))
    sums = {name: runs[0]["sum"] for name, runs in found.items()}
    if max(sums.values()) - min(sums.values()) > 1e-6 * abs(sums["ours"]):
        sys.stderr.write(f"the readers do not agree: {sums}\n")
        return 1
    print_table(found, uniform.stat().st_size, mixed.stat().st_size)
    return 0


def _run(python: Path, reader: str, path: Path) -> dict[str, float]:
    command = [str(python), str(_READERS), reader, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(_READERS.parents[1])}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - as above
    result: dict[str, float] = json.loads(done.stdout)
    return result


def print_table(found: dict[str, list[dict[str, float]]], uniform: int, mixed: int) -> None:
    """Medians of wall time, processor time and peak memory, and how many times the standard library each is."""
    out = [
        f"{RECORDS:,} records: uniform {uniform / 1e6:.1f} MB, mixed {mixed / 1e6:.1f} MB; processors: {os.cpu_count()}"
    ]
    out.append(f"{'reader':<22}{'records/s':>12}{'× json + csv':>14}{'CPU s':>8}{'× CPU':>8}{'peak MiB':>10}")
    base = {key: median(run[key] for run in found["json + csv"]) for key in ("wall", "cpu")}
    for name, runs in found.items():
        wall, cpu, peak = (median(run[key] for run in runs) for key in ("wall", "cpu", "peak"))
        speed = f"{RECORDS / wall:>12,.0f}{base['wall'] / wall:>14.1f}"
        out.append(f"{name:<22}{speed}{cpu:>8.2f}{base['cpu'] / cpu:>8.1f}{peak:>10.0f}")
    sys.stdout.write("\n".join(out) + "\n")
