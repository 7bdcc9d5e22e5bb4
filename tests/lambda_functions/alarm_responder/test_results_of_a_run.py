"""What the message says of a run's results, and of results that cannot be read."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.lambda_functions.alarm_responder.answers import BASELINES, VIOLATIONS, outcome, respond
from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event


@pytest.mark.limit("JSON that a function reads")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{broken", "constraint_violations.json is no valid JSON"),
        (b"\xff\xfe\x00", "constraint_violations.json is no valid JSON"),
        (b"[" * 200_000, "constraint_violations.json is no valid JSON"),
        (b"", "constraint_violations.json is no valid JSON"),
        ({"features": []}, "is not in the monitor's format, it has no list `violations`"),
        ({"violations": [1]}, "entry 0 of `violations` is no object"),
        (b" " * (8 * 1024**2 + 1), "is larger than 8 MB, too large to read here"),
    ],
)
def test_results_that_cannot_be_read_are_told(
    results: FakeS3, sns: FakeSns, new_responder: Any, content: Any, sentence: str
) -> None:
    results.put(VIOLATIONS, content)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert sentence in sns.published[0]["Message"]
    assert sns.published[0]["Subject"] == "[ALARM] churn-endpoint: the monitor found violations"


def test_a_hundred_thousand_violations(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """Takes half a second; anything quadratic in it would take a minute, and run into the function's timeout."""
    entries = [{"feature_name": f"f{n}", "constraint_check_type": "c"} for n in range(100_000)]
    results.put(VIOLATIONS, {"violations": entries})
    respond(event("alarm_violations"), new_responder())
    assert "... and 99975 more in the violations file" in sns.published[0]["Message"]


def test_no_results_at_all(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    respond(event("alarm_violations"), new_responder())
    sentence = f"No results of the 48 hours before the alarm were found in s3://churn-data/{RUN}/."
    assert sentence in sns.published[0]["Message"]


def test_results_of_windows_that_are_moved_back_are_found(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """The window of the run of 23 November, 04:00, ended three days before."""
    behind = '{"churn-data-quality": 72}'
    s3.put(f"{RUN}/2026/11/20/04/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    respond(event("alarm_violations"), new_responder(HOURS_BEHIND=behind))
    body = sns.published[0]["Message"]
    assert "distance 0.83" in body
    assert "Run       2026-11-20 04:00 UTC\n" in body
    assert "none clean in the 120 hours before the alarm" in body


def test_the_message_of_a_run_that_says_nothing_of_its_window_names_it(
    s3: FakeS3, sns: FakeSns, new_responder: Any
) -> None:
    for hour in (3, 4):
        s3.put(f"{RUN}/2026/11/23/{hour:02}/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    s3.put(f"{RUN}/2026/11/23/02/statistics.json", {})
    respond(event("alarm_violations"), new_responder(WINDOW_HOURS='{"churn-data-quality": 1}'))
    body = sns.published[0]["Message"]
    assert "Data      2026-11-23 03:00–04:00 UTC\n" in body
    assert "Since     2026-11-23 02:00 UTC (2 consecutive windows; the one before was clean)" in body


def test_how_far_back_was_looked_is_said(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUN}/2026/11/18/03/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    respond(event("alarm_violations"), new_responder(HOURS_BEHIND='{"churn-data-quality": 72, "other": 240}'))
    assert "No results of the 120 hours before the alarm were found" in sns.published[0]["Message"]


def test_only_clean_runs(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUN}/2026/11/23/04/statistics.json", {})
    respond(event("alarm_violations"), new_responder())
    assert (
        "None of the 1 runs of the 48 hours before the alarm left a constraint_violations.json"
        in (sns.published[0]["Message"])
    )


def test_results_that_may_not_be_listed(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    results.denied_prefixes = ("monitoring-results/",)
    respond(event("alarm_violations"), new_responder())
    assert "The monitor's results could not be looked up" in sns.published[0]["Message"]


@pytest.mark.parametrize(
    "unreadable", ["baseline-data/results/ab12/statistics.json", f"{RUN}/2026/11/23/04/statistics.json"]
)
def test_statistics_that_cannot_be_read_cost_only_themselves(
    results: FakeS3, sns: FakeSns, new_responder: Any, unreadable: str
) -> None:
    results.put(unreadable, b"{")
    respond(event("alarm_violations"), new_responder(BASELINE_STATISTICS=BASELINES))
    body = sns.published[0]["Message"]
    assert "distance 0.83" in body
    assert f"s3://churn-data/{unreadable} is no valid JSON" in body


def test_an_error_of_our_own_costs_only_the_details(
    results: FakeS3, sns: FakeSns, new_responder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_fields: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("functions.alarm_responder.findings.list_runs", fail)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    body = sns.published[0]["Message"]
    assert "The details could not be put together (ZeroDivisionError: division by zero)" in body
    assert "Threshold Crossed" in body


def test_a_lost_connection_to_s3_costs_only_the_details(
    s3: FakeS3, sns: FakeSns, new_responder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_request: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    for operation in ("put_object", "get_object", "list_objects_v2"):
        monkeypatch.setattr(s3, operation, unreachable)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert "cannot be listed (EndpointConnectionError)" in sns.published[0]["Message"]


def test_a_newer_clean_run_is_mentioned(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    del results.objects[VIOLATIONS]
    respond(event("alarm_violations"), new_responder())
    body = sns.published[0]["Message"]
    assert "Run       2026-11-23 03:00 UTC\n" in body
    assert "Note      a newer run, 2026-11-23 04:00 UTC, left no violations file\n" in body


def test_model_quality(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    folder = "monitoring-results/churn-endpoint/churn-model-quality/2026/11/23/06"
    entry = {
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric f1 with 0.61 was LessThanThreshold 0.81",
        "metric_name": "f1",
    }
    s3.put(f"{folder}/constraint_violations.json", {"violations": [entry]})
    respond(event("alarm_violations_model_quality"), new_responder())
    published = sns.published[0]
    assert published["Subject"] == "[ALARM] churn-endpoint: 1 quality metric crossed the baseline's threshold (f1)"
    assert "0.61, below the threshold 0.81" in published["Message"]
    assert "retrain on recent data" in published["Message"]
