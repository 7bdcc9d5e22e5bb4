"""Snapshots: split by time, leakage-safe, without what the monitor called broken, and repeatable."""

import csv
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drift_tools.errors import InputError
from drift_tools.retraining.settings import Retraining
from drift_tools.retraining.snapshot import HOLD_OUT, MANIFEST, TRAIN, Sources, take

START = datetime(2026, 1, 5, tzinfo=UTC)
STATISTICS = {
    "features": [
        {"name": "prediction"},
        {"name": "age", "numerical_statistics": {"min": 0, "max": 90}},
        {"name": "sex"},
    ]
}


def settings(**more: Any) -> Retraining:
    given = {
        "problem_type": "BinaryClassification",
        "outputs": ["prediction"],
        "least_rows": 2,
        "rule": {"least_rows": 2},
    }
    return Retraining.from_dict({**given, **more})


class World:
    """Captures, labels and monitoring results in folders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("captured", "labels", "results"):
            (root / name).mkdir()
        (root / "statistics.json").write_text(json.dumps(STATISTICS))
        self.captured: list[str] = []
        self.labels: list[str] = []

    def request(self, identity: str, hours: float, rows: list[tuple[str, str]], labels: list[int]) -> None:
        sides = {
            "endpointInput": {"mode": "INPUT", "data": "\n".join(f"{a},{s}" for a, s in rows)},
            "endpointOutput": {"mode": "OUTPUT", "data": "\n".join("1" for _ in rows)},
        }
        for side in sides.values():
            side.update(encoding="CSV", observedContentType="text/csv")
        moment = (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata = {"eventId": f"e-{identity}", "inferenceId": identity, "inferenceTime": moment}
        self.captured.append(json.dumps({"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"}))
        truth = {"data": "\n".join(map(str, labels)), "encoding": "CSV"}
        self.labels.append(json.dumps({"groundTruthData": truth, "eventMetadata": {"eventId": identity}}))

    def run(self, hours: float, checks: list[str]) -> None:
        """A monitoring run over one hour."""
        start = START + timedelta(hours=hours)
        folder = self.root / "results" / f"{hours:g}"
        folder.mkdir()
        window = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        (folder / "drift.json").write_text(json.dumps({"window": window}))
        if checks:
            found = [{"feature_name": "age", "constraint_check_type": check, "description": ""} for check in checks]
            (folder / "constraint_violations.json").write_text(json.dumps({"violations": found}))

    def sources(self) -> Sources:
        (self.root / "captured" / "a.jsonl").write_text("\n".join(self.captured) + "\n")
        (self.root / "labels" / "a.jsonl").write_text("\n".join(self.labels) + "\n")
        return Sources(
            captured=self.root / "captured",
            labels=self.root / "labels",
            statistics=self.root / "statistics.json",
            results=self.root / "results",
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    for hour in range(10):
        found.request(f"r{hour}", hour, [(f"{20 + hour}", "f"), (f"{40 + hour}", "m")], [0, 1])
    return found


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_split_is_by_time_and_a_request_stays_whole(world: World, tmp_path: Path) -> None:
    found = take(world.sources(), settings(holdout_share=0.25), tmp_path / "out")
    train, holdout = rows(tmp_path / "out" / TRAIN), rows(tmp_path / "out" / HOLD_OUT)
    assert train[0] == ["age", "sex", "label"]
    assert train[1:3] == [["20", "f", "0"], ["40", "m", "1"]]
    assert [row[0] for row in holdout[1:]] == ["27", "47", "28", "48", "29", "49"]
    assert found.manifest["holdout_from"] == (START + timedelta(hours=7)).isoformat()
    assert found.manifest["rows"] == {"train": 14, "holdout": 6, "left_out": {}}
    assert found.manifest["train"]["last"] < found.manifest["holdout"]["first"]


def test_answers_of_the_model_are_no_features(world: World, tmp_path: Path) -> None:
    found = take(world.sources(), settings(), tmp_path / "out")
    assert found.manifest["features"] == ["age", "sex"]


def test_hours_and_a_gap_can_be_asked_for(world: World, tmp_path: Path) -> None:
    found = take(world.sources(), settings(holdout_hours=2, gap_hours=1.5, train_hours=4), tmp_path / "out")
    assert [row[0] for row in rows(tmp_path / "out" / HOLD_OUT)[1::2]] == ["27", "28", "29"]
    # From 1.5 hours before the hold-out at 7: until 5.5; and four hours before that: from 1.5 on.
    assert [row[0] for row in rows(tmp_path / "out" / TRAIN)[1::2]] == ["22", "23", "24", "25"]
    assert found.manifest["rows"]["left_out"] == {"in the gap or older than the training": 6}


def test_windows_that_the_monitor_called_broken_are_left_out_and_drifted_ones_are_not(
    world: World, tmp_path: Path
) -> None:
    world.run(2, ["baseline_drift_check"])
    world.run(3, ["categorical_values_check", "baseline_drift_check"])
    world.run(4, [])
    world.run(9, [])
    found = take(world.sources(), settings(), tmp_path / "out")
    ages = [row[0] for row in rows(tmp_path / "out" / TRAIN)[1::2]]
    assert ages == ["20", "21", "22", "24", "25", "26", "27"]
    assert found.manifest["rows"]["left_out"] == {"in a window that the monitor called broken": 2}
    assert found.manifest["quarantine"]["windows"][0]["checks"] == ["categorical_values_check"]


def test_what_no_run_has_looked_at_yet_is_not_learned(world: World, tmp_path: Path) -> None:
    world.run(6, [])
    found = take(world.sources(), settings(), tmp_path / "out")
    assert found.manifest["rows"]["left_out"] == {"not looked at by the monitor yet": 6}
    assert found.manifest["holdout"]["last"] == (START + timedelta(hours=6)).isoformat()


def test_a_unit_error_is_not_learned(world: World, tmp_path: Path) -> None:
    world.request("months", 4.5, [("480", "f"), ("181", "m"), ("180", "m")], [0, 1, 1])
    world.request("text", 4.6, [("forty", "f")], [0])
    found = take(world.sources(), settings(), tmp_path / "out")
    ages = {row[0] for row in rows(tmp_path / "out" / TRAIN)[1:]}
    # A width of the baseline's range, 90, outside of it is still a value.
    assert "180" in ages
    assert not ages & {"480", "181", "forty"}
    assert found.manifest["quarantine"]["records"] == {"age is no number": 1, "age is out of range": 2}


def test_what_was_captured_twice_counts_once(world: World, tmp_path: Path) -> None:
    world.captured.append(world.captured[0])
    found = take(world.sources(), settings(), tmp_path / "out")
    assert found.manifest["rows"]["left_out"] == {"captured twice": 1}


def test_the_same_sources_give_the_same_bytes(world: World, tmp_path: Path) -> None:
    first, second = (take(world.sources(), settings(), tmp_path / name) for name in ("one", "two"))
    assert first.identity == second.identity
    for name, digest in first.manifest["outputs"].items():
        assert hashlib.sha256((tmp_path / "two" / name).read_bytes()).hexdigest() == digest
    assert set(first.manifest["inputs"]) == {"captured/a.jsonl", "labels/a.jsonl", "statistics"}
    world.labels[0] = world.labels[0].replace("0\\n1", "1\\n1")
    assert take(world.sources(), settings(), tmp_path / "three").identity != first.identity
    assert json.loads((tmp_path / "one" / MANIFEST).read_bytes())["features"] == ["age", "sex"]


def test_too_few_rows_are_refused_with_the_counts(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="16 rows to train on and 4 to compare on, where 1000 and 2 are needed"):
        take(world.sources(), settings(least_rows=1000), tmp_path / "out")


def test_a_result_that_cannot_be_read_is_not_passed_over(world: World, tmp_path: Path) -> None:
    world.run(3, ["data_type_check"])
    (world.root / "results" / "3" / "constraint_violations.json").write_text("[]")
    with pytest.raises(InputError, match="no result of a monitor"):
        take(world.sources(), settings(), tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"outputs": []}, "outputs is empty"),
        ({"holdout_share": 0.2, "holdout_hours": 1}, "both given"),
        ({"quarantined_checks": ["drift"]}, "quarantined_checks is 'drift'"),
        ({"prediction": "score"}, "prediction is 'score': give one of prediction"),
        ({"trian_hours": 1}, "'trian_hours' is no setting of a retraining"),
        ({"problem_type": "Clustering"}, "problem_type is 'Clustering'"),
    ],
)
def test_settings_are_checked_at_the_door(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        settings(**given)
