"""Two hours of a stack that is watched by segment, on the embedded AWS: in the second one a single segment drifts.

The sample model's third input has two values, "0.25" of nine in ten rows and "0.75" of the others. In the second hour
the rows of the rarer one have another first input, and their labels are the opposite of what the model says.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.endpoint import Request, write_ground_truth
from tests.open_engine.conftest import PROJECT, Books, lived
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

ROWS, LEARNT = 1500, 5000
RARE = "0.75"
KINDS = ("data-quality", "model-quality", "custom")
HOURLY = "cron(0 * ? * * *)"
SCRIPT = "def measure(table):\n    return {'first': float(table['feature_1'].mean())}\n"


def inputs(number: int, seed: int, *, drifted: bool) -> list[tuple[float, float, str]]:
    random = np.random.default_rng(seed)
    segments = random.choice(["0.25", RARE], number, p=[0.9, 0.1])
    first = random.random(number)
    first = np.where((segments == RARE) & drifted, 0.95 + first / 20, first)
    second = random.random(number)
    return [(float(a), float(b), str(c)) for a, b, c in zip(first, second, segments, strict=True)]


def scores(rows: list[tuple[float, float, str]]) -> Any:
    model = json.loads((PROJECT / "model/artifact/model.json").read_text())
    values = np.array([[a, b, float(c)] for a, b, c in rows])
    return 1 / (1 + np.exp(-(values @ model["coefficients"] + model["intercept"])))


def drawn(rows: list[tuple[float, float, str]], seed: int, *, drifted: bool) -> list[int]:
    """A label for each, by the model's own probability; of the rarer segment the opposite, where it drifts."""
    positive = np.random.default_rng(seed).random(len(rows)) < scores(rows)
    opposite = np.array([drifted and segment == RARE for _, _, segment in rows])
    return [int(one) for one in positive ^ opposite]


@dataclass
class Hours:
    """What was seen, by kind and by the hour of the window's end."""

    results: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    violations: dict[str, dict[int, float | None]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def baselines(folder: Path) -> tuple[str, str, str]:
    """The data of data quality and of model quality, and the script of the custom monitor."""
    rows = inputs(LEARNT, 1, drifted=False)
    found, labels = scores(rows), drawn(rows, 2, drifted=False)
    answers = [(int(score >= 0.5), f"{score:.6f}") for score in found]
    names = ["prediction", "probability", "feature_1", "feature_2", "feature_3"]
    for name, header in (("data.csv", names), ("quality.csv", [*names, "label"])):
        with (folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for answer, row, label in zip(answers, rows, labels, strict=True):
                writer.writerow([*answer, *row, *([label] if "label" in header else [])])
    (folder / "first.py").write_text(SCRIPT)
    return str(folder / "data.csv"), str(folder / "quality.csv"), str(folder / "first.py")


def send(stack: Watched, hour: int, *, drifted: bool) -> None:
    """An hour's requests, and a label for each."""
    stack.go_to(at(hour, 20))
    rows = inputs(ROWS, hour, drifted=drifted)
    requests: Iterator[Request] = (Request(f"{a!r},{b!r},{c}") for a, b, c in rows)
    stack.send(requests, f"hour-{hour}")
    labels = drawn(rows, 100 + hour, drifted=drifted)
    write_ground_truth(
        {f"hour-{hour}-{index}": str(label) for index, label in enumerate(labels)},
        f"s3://{stack.bucket}/ground-truth",
        collected=stack.cloud.clock.now(),
        client=stack.cloud.client("s3"),
    )


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Hours:
    data, quality, script = baselines(tmp_path_factory.mktemp("data"))
    overrides = {
        "engine": "open",
        "baseline_data": data,
        "baseline_quality_data": quality,
        "monitoring": {
            "open_engine": {"grace_in_minutes": 5, "feature_metrics": "all"},
            "data_quality": {"segments": ["feature_3"]},
            "model_quality": {
                "problem_type": "BinaryClassification",
                "segments": ["feature_3"],
                "schedule_expression": HOURLY,
                "start_time_offset": "-PT1H",
            },
            "custom": {
                "monitors": {"mine": {"script": script, "above": {"first": 0.8}}},
                "segments": ["feature_3"],
            },
        },
    }
    seen = Hours()
    with lived(overrides, start=at(4), grace=timedelta(minutes=5)) as (stack, books):
        stack.wait_for_baseline()
        names: Any = stack.outputs["schedule_names"]
        for hour in (4, 5):
            send(stack, hour, drifted=hour == 5)
            stack.after_the_run(at(hour + 1))
            for kind in KINDS:
                seen.results.setdefault(kind, {})[hour] = stack.results(names[kind], at(hour + 1))
                seen.violations.setdefault(kind, {})[hour] = stack.metric(
                    "ConstraintViolations", names[kind], at(hour + 1)
                )
        seen.told = stack.told_of("violations")
    seen.books = books
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_an_hour_like_the_baseline_rings_in_no_segment(hours: Hours, kind: str) -> None:
    assert "constraint_violations.json" not in hours.results[kind][4]
    assert hours.violations[kind][4] == 0.0
    segments = hours.results[kind][4]["drift.json"]["segments"]["feature_3"]
    assert {value: (one["judged"], one["drifted"]) for value, one in segments.items()} == {
        "0.25": (True, []),
        RARE: (True, []),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_segment_that_drifted_is_the_one_violation(hours: Hours, kind: str) -> None:
    violations = hours.results[kind][5]["constraint_violations.json"]["violations"]
    segments = [one for one in violations if one["constraint_check_type"] == "segment_drift_check"]
    assert [one["feature_name"] for one in segments] == [f"feature_3 = {RARE}"]
    assert hours.violations[kind][5] == len(violations)
    found = hours.results[kind][5]["drift.json"]["segments"]["feature_3"]
    assert found["0.25"]["drifted"] == []
    expected = {"data-quality": "feature_1", "model-quality": "accuracy", "custom": "mine.first"}[kind]
    assert expected in found[RARE]["drifted"]


def test_people_are_told_which_segment(hours: Hours) -> None:
    told = [told for told in hours.told if f"feature_3 = {RARE}" in told.body]
    assert len(told) == len(KINDS)  # each kind's alarm once
    assert all("Look at who sends the rows of the segment" in one.body for one in told)
    assert any("feature_1" in one.body for one in told)


def test_nothing_was_denied_invalid_or_left(hours: Hours) -> None:
    [book] = hours.books
    assert (book.denied, book.invalid, book.left) == ([], [], {})
