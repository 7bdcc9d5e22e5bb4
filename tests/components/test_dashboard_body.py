import json
from dataclasses import replace
from typing import Any

from components.alerting.alarm_rules import alarm_rules
from components.args import AlertingSettings
from components.dashboard.dashboard import DashboardSubject, dashboard_body
from components.dashboard.widgets import search

SUBJECT = DashboardSubject(
    region="eu-west-1",
    endpoint_name="churn-endpoint-1",
    variant_name="Primary",
    metric_namespace="ModelMonitoring/churn",
    schedules={"data-quality": "churn-endpoint-1-data-quality", "model-quality": "churn-endpoint-1-model-quality"},
    rules=alarm_rules(AlertingSettings.from_args({"violations_threshold": 4})),
    alarm_arns=["arn:aws:cloudwatch:eu-west-1:1:alarm:a", "arn:aws:cloudwatch:eu-west-1:1:alarm:b"],
    critical_alarm_arns=[],
    dead_letter_queue_names=["churn-dead-letters"],
)


def widgets(subject: DashboardSubject = SUBJECT) -> dict[str, dict[str, Any]]:
    found = {item["properties"]["title"]: item for item in dashboard_body(subject)["widgets"]}
    assert len(found) == len(dashboard_body(subject)["widgets"])
    return found


def test_what_it_shows() -> None:
    assert list(widgets()) == [
        "Alarms",
        "Constraint violations",
        "Failed jobs",
        "Drift per feature (distance)",
        "Values present per feature",
        "Model quality",
        "Invocations",
        "Errors of the endpoint",
        "Latency of the model (microseconds)",
        "Logs of the monitor",
        "Events that a function could not handle",
    ]
    without = replace(SUBJECT, schedules={"data-quality": "x"}, dead_letter_queue_names=[])
    assert set(widgets()) - set(widgets(without)) == {"Model quality", "Events that a function could not handle"}


def test_widgets_do_not_overlap_and_stay_on_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard_body(SUBJECT)["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not taken & cells
        taken |= cells


def test_own_metrics_by_schedule_with_the_alarms_line() -> None:
    properties = widgets()["Constraint violations"]["properties"]
    dimensions = ["Endpoint", "churn-endpoint-1", "MonitoringSchedule"]
    assert properties["metrics"] == [
        [
            *("ModelMonitoring/churn", "ConstraintViolations", *dimensions, f"churn-endpoint-1-{kind}"),
            {"stat": "Maximum", "label": kind},
        ]
        for kind in ("data-quality", "model-quality")
    ]
    assert properties["annotations"]["horizontal"] == [
        {"label": "warning: constraint violations >= 4", "value": 4, "color": "#ff7f0e", "fill": "above"}
    ]
    assert widgets()["Failed jobs"]["properties"]["annotations"]["horizontal"][0]["value"] == 1


def test_features_that_drift_most_come_first() -> None:
    [[found]] = widgets()["Drift per feature (distance)"]["properties"]["metrics"]
    assert found["expression"] == (
        'SORT(SEARCH(\'{"aws/sagemaker/Endpoints/data-metrics",Endpoint,MonitoringSchedule} '
        'Endpoint="churn-endpoint-1" MonitoringSchedule="churn-endpoint-1-data-quality" '
        "feature_baseline_drift', 'Average', 3600), MAX, DESC, 20)"
    )


def test_search_without_terms() -> None:
    assert search("AWS/X", {"A": "1"}, "Sum") == "SEARCH('{\"AWS/X\",A} A=\"1\"', 'Sum', 3600)"


def test_endpoint() -> None:
    dimensions = ["EndpointName", "churn-endpoint-1", "VariantName", "Primary"]
    assert widgets()["Invocations"]["properties"]["metrics"] == [
        ["AWS/SageMaker", "Invocations", *dimensions, {"stat": "Sum"}]
    ]
    assert widgets()["Errors of the endpoint"]["properties"]["metrics"] == [
        ["AWS/SageMaker", name, *dimensions, {"stat": "Sum"}] for name in ("Invocation4XXErrors", "Invocation5XXErrors")
    ]


def test_dead_letters() -> None:
    assert widgets()["Events that a function could not handle"]["properties"]["metrics"] == [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "churn-dead-letters", {"stat": "Maximum"}]
    ]


def test_logs_of_the_monitor() -> None:
    query = widgets()["Logs of the monitor"]["properties"]["query"]
    assert query.startswith("SOURCE '/aws/sagemaker/ProcessingJobs' | fields @timestamp, @logStream, @message")


def test_every_graph_has_a_region_and_the_body_is_small() -> None:
    body = dashboard_body(SUBJECT)
    assert {item["properties"].get("region") for item in body["widgets"] if item["type"] != "alarm"} == {"eu-west-1"}
    assert len(json.dumps(body)) < 100_000


def test_alarms() -> None:
    assert widgets()["Alarms"]["properties"]["alarms"] == list(SUBJECT.alarm_arns)


def test_both_severities_have_their_lines_and_their_alarms() -> None:
    settings = AlertingSettings.from_args(
        {"violations": {"warning": {}, "critical": {"threshold": 10, "evaluation_periods": 3}}}
    )
    both = replace(SUBJECT, rules=alarm_rules(settings), critical_alarm_arns=["arn:aws:cloudwatch:eu-west-1:1:alarm:c"])
    shown = widgets(both)
    assert list(shown)[:2] == ["Critical alarms", "Warnings"]
    assert shown["Critical alarms"]["properties"]["alarms"] == ["arn:aws:cloudwatch:eu-west-1:1:alarm:c"]
    assert shown["Warnings"]["properties"]["alarms"] == list(SUBJECT.alarm_arns)
    lines = shown["Constraint violations"]["properties"]["annotations"]["horizontal"]
    assert [(line["label"], line["value"], line["color"]) for line in lines] == [
        ("warning: constraint violations >= 1", 1, "#ff7f0e"),
        ("critical: constraint violations >= 10 in 3 runs in a row", 10, "#d62728"),
    ]
    assert [line["value"] for line in shown["Failed jobs"]["properties"]["annotations"]["horizontal"]] == [1]


def test_only_critical_alarms() -> None:
    only = replace(SUBJECT, alarm_arns=[], critical_alarm_arns=["arn:aws:cloudwatch:eu-west-1:1:alarm:c"])
    assert [item["properties"]["title"] for item in dashboard_body(only)["widgets"] if item["type"] == "alarm"] == [
        "Critical alarms"
    ]
