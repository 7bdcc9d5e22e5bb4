"""An endpoint that exists already, with a shadow variant, on the embedded AWS: both are looked at, and what drifts in
the shadow alone is told of by its name, in the one alarm that there is.
"""

import csv
import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from examples.demo.waiting import wait_until
from tests.open_engine.batches import team_bucket
from tests.open_engine.conftest import PROJECT, Books, lived
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

BUCKET = "the-teams-captures"
ANSWERS = 2
SETTINGS = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]["model-monitoring:monitoring"]
Rows = list[list[str]]


@dataclass
class Seen:
    """By the hour at which the window ended."""

    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def baseline_rows(stack: Watched) -> Rows:
    """The data that the stack's baseline was made from."""
    [key] = [key for key in stack.keys("baseline-data/") if key.endswith(".csv")]
    text = stack.cloud.client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"].read().decode()
    return list(csv.reader(text.splitlines()))[1:]


def like_the_baseline(rows: Rows, count: int, seed: int, *, shift: float = 0.0) -> Rows:
    """Such rows, drawn anew; `shift` moves the model's inputs."""
    drawn = random.Random(seed).choices(rows, k=count)
    return [[*row[:ANSWERS], *(f"{float(cell) + shift}" for cell in row[ANSWERS:])] for row in drawn]


def capture(stack: Watched, variant: str, hour: int, rows: Rows) -> None:
    moment = at(hour, 20)
    lines = []
    for number, row in enumerate(rows):
        sides = {"endpointOutput": row[:ANSWERS], "endpointInput": row[ANSWERS:]}
        data = {side: {"data": ",".join(cells), "encoding": "CSV"} for side, cells in sides.items()}
        about = {"eventId": f"{variant}-{hour}-{number}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        lines.append(json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"}))
    key = f"live/shared/{variant}/{moment:%Y/%m/%d/%H}/20-00-000-a.jsonl"
    stack.cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())


def results(stack: Watched, schedule: str, end: datetime) -> dict[str, Any]:
    """What a run left, once it has."""
    return wait_until(f"the run of {end:%H}:00", lambda: stack.results(schedule, end) or None, seconds=60)


@pytest.fixture(scope="module")
def seen() -> Seen:
    existing = {
        "name": "shared",
        "capture_uri": f"s3://{BUCKET}/live",
        "variant_name": "Primary",
        "other_variants": ["shadow"],
    }
    overrides = {
        "engine": "open",
        "monitoring": {
            "endpoint": {**dict.fromkeys(SETTINGS["endpoint"]), "existing": existing},
            "data_quality": {"segments": ["variant"]},
            "model_quality": None,
            "open_engine": {"grace_in_minutes": 5},
        },
    }
    found = Seen()
    with lived(overrides, start=at(3, 50), grace=timedelta(minutes=5)) as (stack, books), team_bucket(stack, BUCKET):
        stack.wait_for_baseline()
        names: Any = stack.outputs["schedule_names"]
        rows = baseline_rows(stack)
        for hour, shift in ((4, 0.0), (5, 5.0)):
            stack.go_to(at(hour, 20))
            capture(stack, "Primary", hour, like_the_baseline(rows, 900, hour))
            capture(stack, "shadow", hour, like_the_baseline(rows, 150, 10 + hour, shift=shift))
            end = at(hour + 1)
            stack.after_the_run(end)
            found.results[hour + 1] = results(stack, names["data-quality"], end)
        stack.go_to(at(6, 40))
        wait_until("the message", lambda: stack.told_of("violations") or None, seconds=60)
        found.told = stack.told_of("violations")
    found.books = books
    return found


def test_both_variants_are_looked_at_and_nothing_is_found_where_nothing_is(seen: Seen) -> None:
    drift = seen.results[5]["drift.json"]
    assert drift["current_rows"] == 1050
    assert drift["records"]["excluded_variants"] == []
    variants = drift["segments"]["variant"]
    assert {name: (found["rows"], found["drifted"]) for name, found in variants.items()} == {
        "Primary": (900, []),
        "shadow": (150, []),
    }
    assert "constraint_violations.json" not in seen.results[5]


def test_a_shadow_variant_that_drifts_is_told_of_by_its_name(seen: Seen) -> None:
    variants = seen.results[6]["drift.json"]["segments"]["variant"]
    assert variants["Primary"]["drifted"] == []
    assert {"feature_1", "feature_2", "feature_3"} <= set(variants["shadow"]["drifted"])
    assert seen.told


def test_nothing_was_refused_and_nothing_is_left(seen: Seen) -> None:
    [books] = seen.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}
