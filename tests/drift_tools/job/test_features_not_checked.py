"""Features whose drift nobody could check are named in the message and counted in a metric."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from drift_tools.comparison import compare
from drift_tools.job.not_checked import too_few_to_judge
from tests.drift_tools.open_box import SKETCH, Box, captured, make_baseline, rows

LISTS_NONE = " Drift of code was not checked: the baseline lists none of its categories."


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        boto3.client("cloudwatch")
        found = Box(tmp_path)
        make_baseline(found)
        # As Model Monitor's own image writes a text of many values.
        path = found.processing / "baseline" / "stats" / "statistics.json"
        statistics: dict[str, Any] = json.loads(path.read_bytes())
        del statistics["features"][3]["string_statistics"]["distribution"]
        path.write_text(json.dumps(statistics))
        yield found


def test_a_feature_without_a_list_is_not_called_drifted(box: Box) -> None:
    captured(box, rows(2000, 1))
    assert box.scheduled(**SKETCH | {"publish_cloudwatch_metrics": "Enabled"}) == 0, box.message
    assert box.message == f"Completed: Job completed successfully with no violations.{LISTS_NONE}"
    assert box.drift["drifted_features"] == []
    code = box.drift["features"]["code"]
    assert (code["verdict"], code["reason"], code["psi"]) == (
        "not enough data", "not enough data: the baseline lists none of its categories", None)  # fmt: skip
    metrics = box.metrics()
    assert metrics["features_not_checked"]["Value"] == 1.0
    assert "feature_psi_code" not in metrics
    assert "feature_psi_amount" in metrics


def test_what_the_rows_of_the_baseline_have_shown_is_not_named(box: Box) -> None:
    captured(box, rows(2000, 1))
    assert box.scheduled() == 0, box.message
    assert box.message == "Completed: Job completed successfully with no violations."
    assert box.metrics()["features_not_checked"]["Value"] == 0.0


def test_without_the_open_engine_it_is_named_too(box: Box) -> None:
    captured(box, rows(2000, 1))
    environment = {"baseline_dataset": None, "runs_per_year": None, "false_alarms_per_year": None}
    assert box.scheduled(**environment) == 0, box.message
    assert box.message.endswith(LISTS_NONE)


def test_many_features_are_named_shortly(box: Box) -> None:
    path = box.processing / "baseline" / "stats" / "statistics.json"
    statistics = json.loads(path.read_bytes())
    for feature in statistics["features"][:3]:
        feature["numerical_statistics"]["distribution"] = None
    path.write_text(json.dumps(statistics))
    captured(box, rows(2000, 1))
    assert box.scheduled(baseline_dataset=None) == 0, box.message
    assert box.message.endswith(
        " Drift of prediction, probability, amount was not checked: the baseline has no distribution of its numbers."
        + LISTS_NONE
    )


def test_a_window_of_one_row_says_that_nothing_was_judged(box: Box) -> None:
    captured(box, rows(1, 1))
    assert box.scheduled(**SKETCH) == 0, box.message
    assert box.message == (
        "Completed: Job completed successfully with no violations. Not enough data to judge any feature: 2,000 rows in "
        f"the baseline, 1 row in the window.{LISTS_NONE}"
    )


def test_a_baseline_of_ten_rows_can_judge_nothing_and_says_so() -> None:
    few = compare({"x": list(range(10))}, {"x": list(range(2000))})
    assert too_few_to_judge(few) == (
        " Not enough data to judge any feature: 10 rows in the baseline, 2,000 rows in the window; make a baseline of "
        "more rows."
    )
    assert too_few_to_judge(compare({"x": list(range(500))}, {"x": list(range(500))})) == ""
