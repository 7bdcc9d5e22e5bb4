"""What clients may send, read with the monitor's reader: time and memory for sizes that double."""

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.failures.lines import Line
from benchmarks.shared.publishing import DOCS


def memory() -> int:
    """The most that this process has held, in MiB. Not `ru_maxrss`, which a process inherits from who started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


# What a client may send, by how much of it; each is read in a process of its own, for its memory.
_SHAPES = {
    "a line of so many MiB in a small gzip file": (64, 256, 512),
    "20 records of so many columns": (4000, 8000, 16_000),
    "so many records, each with a name of its own": (500, 1000, 2000),
    "JSON nested so deep": (1000, 10_000, 100_000),
    "a description of so many digits": (10_000, 20_000, 40_000),
}


def growth() -> Iterator[Line]:
    """Time and memory for sizes that double; the ratio of times beside the ratio of sizes."""
    for shape, sizes in _SHAPES.items():
        measured = [_read_alone(shape, size) for size in sizes]
        (_, _), (before, _), (last, memory) = measured
        ratio = last / max(before, 0.001)
        yield [shape, f"{sizes[-1]:,}", f"{last * 1000:.0f} ms", f"{ratio:.1f} × the time", f"{memory} MiB"]


def _read_alone(shape: str, size: int) -> tuple[float, int]:
    code = f"from benchmarks.failures import growth; growth.read_shape({shape!r}, {size})"
    run = subprocess.run(  # noqa: S603 - this interpreter and module
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=DOCS.parent
    )
    seconds, memory = run.stdout.split()
    return float(seconds), int(memory)


def read_shape(shape: str, size: int) -> None:
    """Read a shape of a size, and print seconds of the processor and MiB of memory."""
    from drift_tools.capture import iterate_captures  # noqa: PLC0415 - only here, where it is measured
    from functions.common.violations import parse_violations  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl.gz"
        if "digits" not in shape:
            _write(path, shape, size)
        before, began = memory(), time.process_time()
        if "digits" in shape:
            parse_violations({"violations": [{"description": "distance: " + "1" * size, "feature_name": "1" * size}]})
        else:
            for _ in iterate_captures(path, columns=["a"]):
                pass
        sys.stdout.write(f"{time.process_time() - began} {memory() - before}\n")


def _write(path: Path, shape: str, size: int) -> None:
    with gzip.open(path, "wb", compresslevel=6) as file:
        if "MiB" in shape:
            for _ in range(size):
                file.write(b"1," * (1 << 19))
            file.write(b"\n")
        elif "columns" in shape:
            for number in range(20):
                file.write(_record(",".join(["1"] * size), "CSV", number))
        elif "nested" in shape:
            file.write(_record("[" * size, "JSON", 0))
        else:
            for number in range(size):
                file.write(_record(json.dumps({"a": 1, f"k{number}": 2}), "JSON", number))


def _record(data: str, encoding: str, number: int) -> bytes:
    side = {"observedContentType": "application/json", "data": data, "encoding": encoding}
    metadata = {"eventId": str(number), "inferenceTime": "2026-01-01T10:00:00Z"}
    document = {"captureData": {"endpointInput": side}, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(document).encode() + b"\n"
