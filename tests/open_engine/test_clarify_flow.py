"""Two hours of a stack with bias and attribution on the embedded AWS: one like the baseline, one in which both drifted.

In the second hour the sample model's first two inputs stand still: its answers follow from the third one alone, which
is the facet.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from drift_tools.endpoint import Request, baseline_requests, write_ground_truth
from tests.open_engine.conftest import PROJECT, Books, lived
from tests.open_engine.labelled import labelled
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

ROWS = 400
KINDS = ("bias", "attribution")
HOURLY = "cron(0 * ? * * *)"


@dataclass
class Hours:
    """What was seen, by kind and by the hour of the window's end."""

    results: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    violations: dict[str, dict[int, float | None]] = field(default_factory=dict)
    published: dict[str, set[str]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def still(number: int, seed: int) -> Iterator[Request]:
    """Rows of which only the third value moves."""
    values = np.random.default_rng(seed).random(number)
    return (Request(f"0.5,0.5,{value!r}") for value in values.tolist())


def send(stack: Watched, hour: int, requests: Iterator[Request]) -> None:
    """An hour's requests, and a label for each, drawn by the model's own probability."""
    stack.go_to(at(hour, 20))
    rows = list(requests)
    stack.send(iter(rows), f"hour-{hour}")
    model = json.loads((PROJECT / "model/artifact/model.json").read_text())
    values = np.array([[float(cell) for cell in row.payload.split(",")] for row in rows])
    scores = 1 / (1 + np.exp(-(values @ model["coefficients"] + model["intercept"])))
    labels = np.random.default_rng(hour).random(ROWS) < scores
    write_ground_truth(
        {f"hour-{hour}-{index}": str(int(label)) for index, label in enumerate(labels)},
        f"s3://{stack.bucket}/ground-truth",
        collected=stack.cloud.clock.now(),
        client=stack.cloud.client("s3"),
    )


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Hours:
    data = str(labelled(tmp_path_factory.mktemp("labelled")))
    features = ["feature_1", "feature_2", "feature_3"]
    overrides = {
        "engine": "open",
        "monitoring": {
            "open_engine": {"grace_in_minutes": 5, "feature_metrics": "all"},
            "bias": {
                "facets": [{"name": "feature_3", "values": ["0.5"]}],
                "positive_labels": ["1"],
                "baseline": {"data": data},
                "schedule_expression": HOURLY,
                "start_time_offset": "-PT1H",
            },
            "attribution": {
                "features": features,
                "score": 1,
                "baseline": {"data": data},
                "schedule_expression": HOURLY,
            },
        },
    }
    seen = Hours()
    with lived(overrides, start=at(4), grace=timedelta(minutes=5)) as (stack, books):
        stack.wait_for_baseline()
        names: Any = stack.outputs["schedule_names"]
        for hour, requests in ((4, baseline_requests(ROWS, seed=7)), (5, still(ROWS, seed=8))):
            send(stack, hour, requests)
            stack.after_the_run(at(hour + 1))
            for kind in KINDS:
                seen.results.setdefault(kind, {})[hour] = stack.results(names[kind], at(hour + 1))
                seen.violations.setdefault(kind, {})[hour] = stack.metric(
                    "ConstraintViolations", names[kind], at(hour + 1)
                )
        for kind, place in (("bias", "bias-metrics"), ("attribution", "explainability-metrics")):
            seen.published[kind] = stack.published(f"ModelMonitoring/Endpoints/{place}", names[kind])
        found = stack.cloud.client("sagemaker").list_endpoints()["Endpoints"]
        seen.endpoints = [item["EndpointName"] for item in found]
        seen.told = stack.told_of("violations")
    seen.books = books
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_an_hour_like_the_baseline_violates_nothing(hours: Hours, kind: str) -> None:
    assert "constraint_violations.json" not in hours.results[kind][4]
    assert hours.violations[kind][4] == 0.0
    assert hours.results[kind][4]["drift.json"]["engine"] == "open"


def test_bias_is_found_and_counted(hours: Hours) -> None:
    document = hours.results["bias"][5]["constraint_violations.json"]
    metrics = {item["metric_name"] for item in document["violations"]}
    assert "DPPL" in metrics
    assert "FT" not in metrics
    assert {item["facet"] for item in document["violations"]} == {"feature_3"}
    assert hours.violations["bias"][5] == len(document["violations"])
    [group] = hours.results["bias"][5]["drift.json"]["judgement"]["groups"]
    # Every row above the threshold is positive, and no other one.
    assert group["metrics"]["DPPL"]["value"] == -1.0
    assert group["rows"] + group["rest"] == ROWS
    assert {"bias_metric_DPPL", "bias_metric_CI", "bias_metric_DI"} <= hours.published["bias"]


def test_attribution_is_found_and_said_in_words(hours: Hours) -> None:
    [violation] = hours.results["attribution"][5]["constraint_violations.json"]["violations"]
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"
    judgement = hours.results["attribution"][5]["drift.json"]["judgement"]
    assert judgement["ranking"][0] == "feature_3"
    assert judgement["ndcg"] < 0.9
    assert "feature_3 rose from place 3 to 1" in judgement["says"]
    assert hours.results["attribution"][4]["drift.json"]["judgement"]["ranking"] == [
        "feature_1", "feature_2", "feature_3"]  # fmt: skip
    assert {"feature_feature_1", "ExpectedValue", "feature_attribution_ndcg"} == {
        name for name in hours.published["attribution"] if name not in {"feature_feature_2", "feature_feature_3"}
    }


def test_people_are_told_in_words(hours: Hours) -> None:
    told = {told.subject.split(":")[-1].strip(): told.body for told in hours.told}
    bias = next(body for body in told.values() if "bias metrics drifted" in body)
    assert "DPPL (feature_3 = " in bias
    assert "in the baseline" in bias
    attribution = next(body for body in told.values() if "feature attribution drifted" in body)
    assert "another ranking of the features: nDCG" in attribution
    assert "feature_3 rose from place 3 to 1" in attribution


def test_no_endpoint_was_made_beside_the_one(hours: Hours) -> None:
    assert len(hours.endpoints) == 1


def test_nothing_was_denied_invalid_or_left(hours: Hours) -> None:
    [book] = hours.books
    assert (book.denied, book.invalid, book.left) == ([], [], {})
