"""What a person reads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.alarm_responder.findings import Findings
from functions.alarm_responder.kinds import job_failure
from functions.alarm_responder.kinds import violations as violations_kind
from functions.alarm_responder.notification import MessageContext, plain_notification
from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.functions import common, event, load

functions = load("alarm_responder")
PLACE = MessageContext("churn-data", "monitoring-results", "eu-central-1", "https://example.com/dashboard")
HOUR = datetime(2026, 11, 23, 4, tzinfo=UTC)


def an_alarm(name: str = "alarm_violations") -> Any:
    (record,) = functions.alarm_event.records(event(name))
    return functions.alarm_event.parse_alarm(record)


def found(*entries: dict[str, str], **fields: Any) -> Any:
    run = functions.run_history.Run(
        hour=HOUR,
        prefix=f"{RUN}/2026/11/23/04/",
        files=frozenset({"statistics.json", "constraint_violations.json"}),
    )
    violations = common("violations").parse_violations({"violations": list(entries)})
    return Findings(**{"run": run, "violations": violations, **fields})


def compose(*entries: dict[str, str], **fields: Any) -> Any:
    return violations_kind.notification(an_alarm(), found(*entries, **fields), PLACE)


def check(kind: str, feature: str = "AGEP", description: str = "Value: 0.5 does not meet") -> dict[str, str]:
    return {"feature_name": feature, "constraint_check_type": kind, "description": description}


def metric(name: str, description: str, kind: str = "LessThanThreshold") -> dict[str, str]:
    return {"metric_name": name, "constraint_check_type": kind, "description": description}


COLUMNS = check(
    "missing_column_check",
    "Missing columns",
    "There are missing columns in current dataset. Number of columns in current dataset: 8, "
    "Number of columns in baseline constraints: 9 (missing: SCHL)",
)


@pytest.mark.parametrize(
    ("entries", "subject"),
    [
        (
            [drift("RELP", 0.2), drift("AGEP", 0.9), drift("SCHL", 0.4)],
            "[ALARM] churn-endpoint: 3 features drifted (AGEP, SCHL, RELP)",
        ),
        ([drift("AGEP", 0.9), check("data_type_check")], "[ALARM] churn-endpoint: 1 feature drifted (AGEP)"),
        (
            [drift("AGEP", 0.9), check("completeness_check", "SCHL")],
            "[ALARM] churn-endpoint: 2 features off the baseline (AGEP, SCHL)",
        ),
        ([COLUMNS], "[ALARM] churn-endpoint: the columns are not those of the baseline"),
        ([COLUMNS, drift("AGEP", 0.9)], "[ALARM] churn-endpoint: 1 feature drifted, columns changed (AGEP)"),
        (
            [
                metric("f1", "Metric f1 with 0.5 was LessThanThreshold 0.8"),
                metric("mae", "Metric mae with 2 was GreaterThanThreshold 1", "GreaterThanThreshold"),
            ],
            "[ALARM] churn-endpoint: 2 quality metrics crossed the baseline's threshold (mae, f1)",
        ),
        (
            [
                metric(
                    "DPL", "Metric value 0.3 doesn't meet the baseline constraint requirement 0.2", "bias_drift_check"
                )
            ],
            "[ALARM] churn-endpoint: 1 bias metric drifted (DPL)",
        ),
        (
            [check("segment_drift_check", "region = south", "In region = south (360 rows): income: median 99 to 125")],
            "[ALARM] churn-endpoint: 1 segment drifted (region = south)",
        ),
        ([], "[ALARM] churn-endpoint: the monitor found violations"),
    ],
)
def test_subject(entries: list[dict[str, str]], subject: str) -> None:
    assert compose(*entries).subject == subject


def test_a_long_subject_names_as_many_as_there_is_room_for() -> None:
    notification = compose(*(drift(f"a_rather_long_name_{n}", 1 - n / 100) for n in range(30)))
    assert notification.subject == (
        "[ALARM] churn-endpoint: 30 features drifted (a_rather_long_name_0, a_rather_long_name_1, +28)"
    )


@pytest.mark.parametrize("feature", ["größe", "two\nlines", "tab\there", "x" * 200, "日本"])
def test_any_name_gives_a_subject_that_sns_takes(feature: str) -> None:
    subject = compose(drift(feature, 0.5)).subject
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= 100


def test_the_longest_endpoint_name_still_fits() -> None:
    alarm = functions.alarm_event.Alarm(
        **{**vars(an_alarm()), "dimensions": {"Endpoint": "e" * 63, "MonitoringSchedule": "s"}}
    )
    entry = metric("f1", "Metric f1 with 0.5 was LessThanThreshold 0.8")
    subject = violations_kind.notification(alarm, found(entry), PLACE).subject
    assert subject == f"[ALARM] {'e' * 63}: 1 quality metric crossed..."
    assert len(subject) <= 100


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (drift("A", 0.8312), "distribution drifted: distance 0.8312, 8.3 times the threshold 0.1"),
        (drift("A", 12.8), "distribution drifted: distance 12.8, 130 times the threshold 0.1"),
        (
            check("baseline_drift_check", "A", "Numerical distance: 0.27 exceeds numerical threshold: 0"),
            "distribution drifted: distance 0.27, threshold 0",
        ),
        (
            check(
                "data_type_check", "A", "Expected data type: Integral, Expected match: 100.0%. Observed: Only 12.5% of"
            ),
            "wrong type: only 12.5 % of the values are Integral, 100 % required",
        ),
        (check("data_type_check", "A"), "wrong type: only 50 % of the values are of the expected type"),
        (check("completeness_check", "A"), "missing values: only 50 % of the rows have one"),
        (
            check("categorical_values_check", "A", "Value: 0.9999 does not meet the constraint requirement! "),
            "unknown categories: only over 99.9 % of the values are among the baseline's",
        ),
        (COLUMNS, "8 columns in the data, 9 in the baseline (missing: SCHL)"),
        (
            check("extra_column_check", "A", "current dataset: 12, Number of columns in baseline constraints: 11"),
            "12 columns in the data, 11 in the baseline",
        ),
        (metric("f1", "Metric f1 with 0.5 was LessThanThreshold 0.8"), "0.5, below the threshold 0.8"),
        (
            metric("mae", "Metric mae with 2 was GreaterThanThreshold 1", "GreaterThanThreshold"),
            "2, above the threshold 1",
        ),
        (
            metric(
                "TE", "Metric value Infinity doesn't meet the baseline constraint requirement 2.9", "bias_drift_check"
            ),
            "bias drifted: infinite, in the baseline 2.9",
        ),
        (
            metric(
                "shap",
                "Feature attribution drift 0.7639720923277322 exceeds threshold 0.9",
                "feature_attribution_drift_check",
            ),
            "another ranking of the features: nDCG 0.764, 0.9 required",
        ),
        (
            check("segment_drift_check", "region = south", "In region = south (360 rows): income: median 99 to 125"),
            "(360 rows): income: median 99 to 125",
        ),
        (check("new_check", "A", "Something\n  new."), "new_check: Something new."),
        (check("new_check", "A", ""), "new_check: the monitor says no more"),
        (check("new_check", "A", "w " * 400), "new_check: " + "w " * 148 + "w..."),
    ],
)
def test_each_check_in_words_and_numbers(entry: dict[str, str], line: str) -> None:
    body = compose(entry).body
    assert f"\n     {line}\n" in body


def test_worst_first_and_a_feature_once() -> None:
    entries = [
        drift("SCHL", 0.3),
        drift("AGEP", 0.8),
        COLUMNS,
        check("data_type_check", "SCHL", "Value: 0 does not meet"),
    ]
    numbered = [line for line in compose(*entries).body.splitlines() if line[:4].strip().rstrip(".").isdigit()]
    assert numbered[:3] == ["  1. number of columns", "  2. SCHL", "  3. AGEP"]


def test_at_most_25_violations() -> None:
    notification = compose(*(drift(f"feature_{n}", 0.9) for n in range(1000)))
    assert notification.body.count("distribution drifted") == 25
    assert "     ... and 975 more in the violations file\n" in notification.body
    assert "Found     1000 violations\n" in notification.body
    assert notification.attributes["violations"] == "1000"


def test_a_feature_with_many_violations_is_cut_too() -> None:
    body = compose(*(check(f"check_{n}") for n in range(40))).body
    assert body.count("     check_") == 25
    assert "... and 15 more" in body


@pytest.mark.parametrize("offset", [0, 1])
def test_never_larger_than_sns_allows_and_cut_between_characters(offset: int) -> None:
    sides = {"baseline": {"A": "x" * offset}, "current": {"A": "ü" * 300_000}}
    body = compose(drift("A", 0.9), **sides).body
    assert 240 * 1024 <= len(body.encode()) < 241 * 1024
    assert body.endswith("... (cut: longer than SNS allows)\n")


def test_both_sides_beside_each_other() -> None:
    body = compose(drift("AGEP", 0.8), baseline={"AGEP": "mean 41", "X": "-"}, current={"AGEP": "mean 62"}).body
    assert "\n     baseline: mean 41\n     now:      mean 62\n" in body


def test_since_when() -> None:
    since = datetime(2026, 11, 23, 2, tzinfo=UTC)
    streak = functions.run_history.Streak(since=since, runs=3, complete=True)
    assert (
        "Since     the window that ended at 2026-11-23 02:00 UTC (3 consecutive windows; the one before was clean)\n"
        in compose(streak=streak).body
    )
    streak = functions.run_history.Streak(since=since, runs=1, complete=False)
    text = "the window that ended at 2026-11-23 02:00 UTC (this window; none clean in the 48 hours before the alarm)"
    assert f"Since     {text}\n" in compose(streak=streak).body


def test_where_the_files_are() -> None:
    body = compose(drift("A", 1)).body
    assert f"s3://churn-data/{RUN}/2026/11/23/04/constraint_violations.json\n" in body
    assert f"s3://churn-data/{RUN}/2026/11/23/04/statistics.json\n" in body
    assert "https://eu-central-1.console.aws.amazon.com/s3/buckets/churn-data?region=eu-central-1&prefix=" in body
    assert "https://example.com/dashboard\n" in body


def test_problems_are_told() -> None:
    notification = compose(violations=None, problems=("The violations could not be read: s3://x is no valid JSON.",))
    assert "\nThe violations could not be read: s3://x is no valid JSON.\n" in notification.body
    assert notification.attributes["violations"] == "unknown"
    assert "VIOLATIONS" not in notification.body


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("us-east-1", "https://us-east-1.console.aws.amazon.com/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_console_of_each_partition(region: str, address: str) -> None:
    assert functions.console_links.Console(region).processing_job("job-1").startswith(address)


def test_a_failed_job() -> None:
    job = job_failure.FailedJob("dq-1", "monitoring", "Failed", "AlgorithmError: out of memory", HOUR)
    notification = job_failure.notification(an_alarm("alarm_job_failures"), job_failure.NotedFailure(job), PLACE)
    assert notification.subject == "[ALARM] churn-endpoint: monitoring job failed (churn-data-quality)"
    assert "\nREASON\n  AlgorithmError: out of memory\n" in notification.body
    assert "Ended     2026-11-23 04:00:00 UTC\n" in notification.body
    assert "#/processing-jobs/dq-1\n" in notification.body
    assert notification.attributes == {
        "kind": "job-failure",
        "state": "ALARM",
        "alarm_name": "churn-job-failures",
        "endpoint": "churn-endpoint",
        "monitoring_schedule": "churn-data-quality",
    }


def test_a_failed_function_is_not_looked_for_among_the_jobs() -> None:
    job = job_failure.FailedJob("dq-1", "monitoring", "Failed", "Error", HOUR, True, "/aws/lambda/churn-window")
    body = job_failure.notification(an_alarm("alarm_job_failures"), job_failure.NotedFailure(job), PLACE).body
    assert "Run       dq-1\n" in body
    assert "\n  Log group:    /aws/lambda/churn-window\n" in body
    assert "#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fchurn-window\n" in body
    assert "the end of the function's log" in body
    assert "Lower open_engine.small_windows.max_megabytes" in body
    for wrong in ("processing-jobs", "ProcessingJobs", "instance type"):
        assert wrong not in body


def test_a_function_that_does_not_say_where_its_log_is() -> None:
    job = job_failure.FailedJob("dq-1", "monitoring", "Failed", "Error", HOUR, True, None)
    body = job_failure.notification(an_alarm("alarm_job_failures"), job_failure.NotedFailure(job), PLACE).body
    assert "WHERE TO LOOK\n  Dashboard:    https://example.com/dashboard\n" in body


@pytest.mark.parametrize(
    ("kind", "consequence"),
    [
        ("baseline", "a baseline job failed. Without a baseline the monitor has nothing to compare with."),
        ("ground-truth merge", "a ground-truth merge job failed. Without merged labels"),
        ("other", "a other job failed. Until a run succeeds"),
    ],
)
def test_what_a_failure_means(kind: str, consequence: str) -> None:
    job = job_failure.FailedJob("dq-1", kind, "Failed", "x", datetime(2026, 11, 23, 5, 5, tzinfo=UTC))
    body = job_failure.notification(an_alarm("alarm_job_failures"), job_failure.NotedFailure(job), PLACE).body
    assert body.startswith(f"churn-endpoint: {consequence}")
    assert "Ended     2026-11-23 05:05:00 UTC\n" in body


def test_a_failure_that_nobody_noted() -> None:
    problem = "No failed job has been noted in s3://churn-data/x."
    body = job_failure.notification(an_alarm("alarm_job_failures"), job_failure.NotedFailure(None, problem), PLACE).body
    assert f"\n{problem}\n" in body
    assert "REASON" not in body


def test_an_alarm_without_dimensions() -> None:
    notification = plain_notification(an_alarm("alarm_composite"), PLACE)
    assert notification.subject == "[ALARM] alarm churn-anything fired"
    assert "churn-constraint-violations transitioned to ALARM" in notification.body
    assert notification.attributes == {"kind": "alarm", "state": "ALARM", "alarm_name": "churn-anything"}


def test_the_end_of_an_alarm() -> None:
    notification = plain_notification(an_alarm("alarm_ok"), PLACE)
    assert notification.subject == "[OK] churn-endpoint: alarm churn-constraint-violations is over"
    assert "ALARM -> OK at 2026-11-23 06:06:09 UTC" in notification.body


def test_names_from_data_are_data_in_a_message() -> None:
    notification = load("alarm_responder").notification
    hostile = "a\x1b[31m\x07\x00b\u202ec\u2066d\ud800\x85e"
    assert notification.clip(hostile, 100) == "a␛[31m␇␀b\ufffdc\ufffdd\ufffd e"
    body = notification.body_of([[hostile, "next line"]])
    assert body.encode()  # half of a surrogate pair cost the whole message its details
    assert body.splitlines()[1] == "next line"
    assert not [character for character in body if not character.isprintable() and character != "\n"]
