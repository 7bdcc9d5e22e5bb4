"""What a client sends costs no more than it is long: twice as much takes at most twice the work, at every door.

Work is counted, not timed: calls of functions, Python's and C's, while what was sent is read. Loops that are inside of
C (numbers in a description, for example) have bounds of their own, which `test_every_limit.py` holds.
"""

import cProfile
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.capture import iterate_captures, read_labels
from drift_tools.comparison import compare
from drift_tools.job.inputs.merge import labelled_blocks
from drift_tools.profiles import Profile
from drift_tools.stream.records import UnreadableError, read_rows
from drift_tools.tables import as_table
from functions.common.s3_objects import ListedObject
from functions.common.violations import parse_violations
from functions.start_monitor.s3_inputs import Found
from tests.drift_tools.records import label, record

SIZES = (1000, 2000, 4000)
SLACK = 500  # calls: a block, a sketch or a table more
Read = Callable[[], object]


def captures_of(folder: Path, lines: list[str], *, pack: bool = False) -> Path:
    path = folder / ("a.jsonl.gz" if pack else "a.jsonl")
    body = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(body) if pack else body)
    return path


def read(path: Path, *columns: str) -> Read:
    return lambda: [batch.used for batch in iterate_captures(path, columns=list(columns) or None)]


def wide_records(folder: Path, size: int) -> Read:
    return read(captures_of(folder, [record(",".join(["1"] * size), "1")] * 5))


def records(folder: Path, size: int) -> Read:
    return read(captures_of(folder, [record(f"{number},x{number % 7}", "1,0.5") for number in range(size)], pack=True))


def unreadable_records(folder: Path, size: int) -> Read:
    return read(captures_of(folder, ["{broken" if number % 2 else record("1", "1") for number in range(size)]))


def invented_names(folder: Path, size: int) -> Read:
    side = {"observedContentType": "application/json", "encoding": "JSON"}
    lines = [
        json.dumps({"captureData": {"endpointInput": {**side, "data": json.dumps({"a": 1, f"k{number}": 2})}}})
        for number in range(size)
    ]
    return read(captures_of(folder, lines), "a")


def nested(folder: Path, size: int) -> Read:
    return read(captures_of(folder, [record("[" * size, "1")] * 20))


def long_name(folder: Path, size: int) -> Read:
    side = {"observedContentType": "application/json", "encoding": "JSON"}
    data = json.dumps({"n" * size: 1})
    return read(captures_of(folder, [json.dumps({"captureData": {"endpointInput": {**side, "data": data}}})] * 20))


def labels(folder: Path, size: int) -> Read:
    path = captures_of(folder, [label(f"e{number}", "1") for number in range(size)])
    return lambda: len(read_labels(path).by_id)


def joined_labels(folder: Path, size: int) -> Read:
    (folder / "labels").mkdir()
    found = read_labels(captures_of(folder / "labels", [label(f"e{number}", "1") for number in range(size)]))
    path = captures_of(folder, [record("1", "1", event_id=f"e{number}") for number in range(size)])
    return lambda: [block.count for block in labelled_blocks(path, found)]


def categories(_folder: Path, size: int) -> Read:
    before, now = (as_table({"x": [f"{side}{number}" for number in range(size)]}) for side in "ab")
    return lambda: compare(before, now).drifted_features


def profiled_categories(_folder: Path, size: int) -> Read:
    table = as_table({"x": [f"c{number}" for number in range(size)], "n": np.arange(float(size))})
    return lambda: Profile.of(table).rows


def rows_of_a_stream(_folder: Path, size: int) -> Read:
    body = json.dumps(
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "data": "5,MA\n" * size, "encoding": "CSV"},
                "endpointOutput": {"observedContentType": "text/csv", "data": "1\n" * size, "encoding": "CSV"},
            }
        }
    ).encode()

    def rows() -> int:
        try:
            return len(read_rows(body, ["p", "a", "b"]))
        except UnreadableError:
            return 0

    return rows


def violations(_folder: Path, size: int) -> Read:
    found = [{"feature_name": f"f{n}", "description": "distance: 0.5 exceeds 0.1" * 3} for n in range(size)]
    return lambda: len(parse_violations({"violations": found}))


def odd_keys(_folder: Path, size: int) -> Read:
    listed = [ListedObject(f"e/v/2026/01/01/10/{'..' if n % 2 else n}/a.jsonl", 1) for n in range(size)]
    return lambda: len(Found.of(listed).odd_keys)


DOORS: dict[str, Callable[[Path, int], Read]] = {
    door.__name__: door
    for door in (
        *(wide_records, records, unreadable_records, invented_names, nested, long_name, labels, joined_labels),
        *(categories, profiled_categories, rows_of_a_stream, violations, odd_keys),
    )
}


def work(read: Read) -> int:
    """How many calls it takes. Since Python 3.12 those of every thread are counted, whichever test left one: the least
    of three counts has none of them. Before, a count has this thread's alone, and is the same each time.
    """
    return min(_calls(read) for _ in range(3 if sys.version_info >= (3, 12) else 1))


def _calls(read: Read) -> int:
    profile = cProfile.Profile()
    profile.enable()
    try:
        read()
    finally:
        profile.disable()
    counted: list[Any] = profile.getstats()
    return sum(int(entry.callcount) for entry in counted)


def counts(door: Callable[[Path, int], Read], folder: Path) -> list[int]:
    """The work of each size; a read before them has what is imported and compiled once."""
    reads = []
    for number, size in enumerate((SIZES[0], *SIZES)):
        (folder / str(number)).mkdir()
        reads.append(door(folder / str(number), size))
    reads[0]()
    return [work(read) for read in reads[1:]]


@pytest.mark.parametrize("door", DOORS)
def test_twice_as_much_is_at_most_twice_the_work(door: str, tmp_path: Path) -> None:
    small, middle, large = found = counts(DOORS[door], tmp_path)
    assert middle <= 2.1 * small + SLACK, found
    assert large <= 2.1 * middle + SLACK, found


def test_what_grows_faster_is_found(tmp_path: Path) -> None:
    def quadratic(_folder: Path, size: int) -> Read:
        return lambda: [len([number]) for number in range(size // 25) for _ in range(size // 25)]

    small, middle, large = counts(quadratic, tmp_path)
    assert middle > 2.1 * small + SLACK
    assert large > 2.1 * middle + SLACK
