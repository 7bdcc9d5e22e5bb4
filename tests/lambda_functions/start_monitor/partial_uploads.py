"""Capture files that arrive in part, through the whole loop and the monitor's own program, record by record.

The n-th record of a world has the value 4**n. The sums that runs publish are then numbers to the base of four, whose
digits say how often each record was counted.
"""

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drift_tools.job import suggest_baseline
from drift_tools.tables import as_table
from tests.lambda_functions.monitored_world import ENDPOINT, SCHEDULE, World

RECORDS = 6
_BASELINE = "/opt/ml/processing/baseline"
# How a file is packed, what part of it arrives, and what happens to it later. None of these loses a record silently.
CASES = (
    "gzip, cut",
    "gzip, cut, whole before its run",
    "gzip, cut, whole after its run",
    "gzip, cut in its first bytes",
    "plain, cut in a line",
    "plain, cut in a line, whole before its run",
    "plain, cut in a line, whole after its run",
    "plain, cut between lines, whole after its run",
    "never completed, and so not there",
    "completed hours later",
)


@dataclass
class Uploads:
    """A world whose files hold records; `sent` has their numbers by key, `cut` is what arrived in part at first."""

    world: World = field(default_factory=lambda: World(has_program=True))
    sent: dict[str, list[int]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    records: int = 0

    def __post_init__(self) -> None:
        with TemporaryDirectory() as folder:
            suggest_baseline(
                as_table({"prediction": [0, 1] * 50, "value": [4.0**n for n in range(25)] * 4}), Path(folder)
            )
            for name in ("constraints.json", "statistics.json"):
                self.world.s3.put(f"baseline/{name}", (Path(folder) / name).read_bytes())
        self.world.s3.put("baseline/rows.csv", b"prediction,value\n" + b"0,1.0\n1,4.0\n" * 50)
        self.world.plan["small_window"]["max_bytes"] = 1_000_000
        self.world.plan["request"]["ProcessingInputs"] = [
            _input("constraints", "baseline/constraints.json"),
            _input("statistics", "baseline/statistics.json"),
            _input("rows", "baseline/rows.csv"),
        ]
        self.world.plan["request"]["Environment"] = {
            "baseline_constraints": f"{_BASELINE}/constraints/constraints.json",
            "baseline_statistics": f"{_BASELINE}/statistics/statistics.json",
            "baseline_dataset": f"{_BASELINE}/rows/rows.csv",
            "publish_cloudwatch_metrics": "Disabled",
            "max_unreadable_share": "0.5",
        }

    def write(self, name: str, *, packed: bool = False) -> str:
        """A file of six records is begun: its key. Nothing is there yet."""
        now = self.world.now
        key = f"captured-data/{ENDPOINT}/Primary/{now:%Y/%m/%d/%H}/{name}.jsonl{'.gz' if packed else ''}"
        numbers = list(range(self.records, self.records + RECORDS))
        self.records += RECORDS
        body = b"".join(_record(number, f"{now:%Y-%m-%dT%H:%M:%SZ}") for number in numbers)
        self.sent[key] = numbers
        self.bodies[key] = gzip.compress(body, mtime=0) if packed else body
        return key

    def arrive(self, key: str, part: slice = slice(None)) -> None:
        """The file, or a part of it, is there; as a whole object, as S3 has it."""
        self.world.s3.put(key, self.bodies[key][part])

    def hour(self) -> None:
        """The hour ends, and its run is over."""
        self.world.next_hour()
        assert self.world.deliver(self.world.due[-1])
        for number in range(self.world.invoked, len(self.world.functions.requests("Invoke"))):
            self.world.run_function(number)
        self.world.invoked = len(self.world.functions.requests("Invoke"))
        self.world.now += timedelta(minutes=20)  # later than clocks may differ

    def result(self, name: str) -> list[Any]:
        """The runs' files of that name."""
        prefix = f"monitoring-results/{ENDPOINT}/{SCHEDULE}/"
        return [self.world.s3.json(key) for key in self.world.s3.keys(prefix) if key.endswith(f"/{name}")]

    def counted(self) -> list[int]:
        """How often each record was counted."""
        total = 0
        for statistics in self.result("statistics.json"):
            (value,) = (item for item in statistics["features"] if item["name"] == "value")
            total += round(value["numerical_statistics"]["sum"])
        return [total // 4**number % 4 for number in range(self.records)]

    def named(self) -> set[str]:
        """Keys of files of which people were told that something of them was not counted."""
        told = [found["records"] for found in self.result("drift.json")]
        said = " ".join(found.get("left_out", "") for found in told)
        problems = {f"captured-data/{item['file']}" for found in told for item in found.get("problems", ())}
        return problems | {key for key in self.sent if key.removeprefix("captured-data/") in said}

    def wrong(self) -> list[str]:
        """Records that were counted twice, or that are neither counted nor of a file that was named."""
        counted, named = self.counted(), self.named()
        found = [f"record {number} was counted {times} times" for number, times in enumerate(counted) if times > 1]
        for key, numbers in self.sent.items():
            if key in self.world.s3.objects and key not in named:
                found += [f"record {number} of {key} is lost" for number in numbers if not counted[number]]
        return found


def played(case: str) -> Uploads:
    """The hours of a case: a file before, the one that arrives in part, and one after."""
    uploads = Uploads()
    uploads.arrive(uploads.write("before"))
    uploads.hour()
    key = uploads.write("cut", packed=case.startswith("gzip"))
    body = uploads.bodies[key]
    if case.startswith("plain, cut in"):
        uploads.arrive(key, slice(len(body) * 3 // 5))
    elif case.startswith("plain"):
        uploads.arrive(key, slice(body.index(b"\n", len(body) // 2) + 1))
    elif "first bytes" in case:
        uploads.arrive(key, slice(7))
    elif case.startswith("gzip"):
        uploads.arrive(key, slice(len(body) * 4 // 5))
    uploads.arrive(uploads.write("beside"))
    if case.endswith("before its run"):
        uploads.arrive(key)
    uploads.hour()
    if case.endswith(("after its run", "later")):
        uploads.arrive(key)
    uploads.arrive(uploads.write("after"))
    uploads.hour()
    uploads.hour()
    return uploads


def _record(number: int, time: str) -> bytes:
    sides = {
        "endpointInput": {"observedContentType": "text/csv", "data": f"{4**number}.0", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "text/csv", "data": f"{number % 2}", "encoding": "CSV"},
    }
    metadata = {"eventId": str(number), "inferenceTime": time}
    return json.dumps({"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"}).encode() + b"\n"


def _input(name: str, key: str) -> dict[str, Any]:
    source = {"S3Uri": f"s3://churn-data/{key}", "LocalPath": f"{_BASELINE}/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**source, "S3InputMode": "File"}}
