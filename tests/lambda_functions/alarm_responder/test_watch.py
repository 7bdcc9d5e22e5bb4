"""Alarms on the monitors themselves: what a person is told of a silent one, one without data, two that disagree."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.alarm_responder.kinds import engine_disagreement
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event, load

functions = load("alarm_responder")
respond = functions.handler.respond_to_all
PREFIXES = {"MONITOR_STATE_PREFIX": "monitor-state", "AGREEMENT_PREFIX": "engine-agreement"}
RUNS = "monitor-state/churn-endpoint/churn-data-quality"
AGREEMENTS = "engine-agreement/churn-endpoint/data-quality"


def rings(metric: str) -> Any:
    """The event of an alarm on that metric, at 04:06 of 23 November."""
    found = event("alarm_violations")
    record = found["Records"][0]["Sns"]
    message = json.loads(record["Message"])
    message["AlarmDescription"] = "The monitors' own health. Severity: warning"
    message["Trigger"]["MetricName"] = metric
    record["Message"] = json.dumps(message)
    return found


@pytest.fixture
def respond_to_state(sns: FakeSns, new_responder: Any) -> Any:
    """Answers one transition of one alarm; the message that people get, or None."""

    def answer(state: str, before: str, metric: str, name: str = "churn-data-quality-silent") -> Any:
        found = rings(metric)
        message = json.loads(found["Records"][0]["Sns"]["Message"])
        message |= {"NewStateValue": state, "OldStateValue": before, "AlarmName": name}
        found["Records"][0]["Sns"]["Message"] = json.dumps(message)
        respond(found, new_responder(NOTIFY_ON_OK="true"))
        return sns.published[0] if sns.published else None

    return answer


def told(sns: FakeSns) -> tuple[str, str, dict[str, str]]:
    """Subject, body and attributes of the one message."""
    (published,) = sns.published
    attributes = {name: value["StringValue"] for name, value in published["MessageAttributes"].items()}
    return published["Subject"], published["Message"], attributes


def record(hour: int, route: str) -> dict[str, Any]:
    return {
        "window_start": f"2026-11-23T{hour - 1:02}:00:00Z",
        "window_end": f"2026-11-23T{hour:02}:00:00Z",
        "route": route,
    }


def agreement(*disagreements: dict[str, Any], share: float, schedule: str = "churn-data-quality") -> dict[str, Any]:
    return {
        "version": 1,
        "schedules": {"model_monitor": "churn-mm", "open": schedule},
        "agreement": share,
        "compared": 4,
        "both_violated": [],
        "disagreements": list(disagreements),
    }


AGE = {
    "feature": "AGEP",
    "model_monitor": [
        {"check": "baseline_drift_check", "observed": 0.41, "limit": 0.1, "description": "Baseline drift distance"}
    ],
    "open": [],
    "measures": {"psi": 0.012, "p_value_adjusted": 0.8, "summary": "AGEP: median 41 → 41, PSI 0.01"},
}
CODE = {
    "feature": "CODE",
    "model_monitor": [],
    "open": [{"check": "data_type_check", "observed": None, "limit": None, "description": "no  numbers here"}],
    "measures": None,
}


def test_a_silent_monitor(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUNS}/2026/11/22/23.json", record(23, "job"))
    s3.put(f"{RUNS}/2026/11/23/01.json", record(1, "job"))
    s3.put(f"{RUNS}/2026/11/23/01.captured.manifest", [])
    s3.put(f"{RUNS}/2026/11/23/05.json", record(5, "job"))  # after the alarm
    respond(rings("HoursSilent"), new_responder(**PREFIXES))
    subject, body, attributes = told(sns)
    assert subject == "[WARNING] churn-endpoint: the monitor is silent (churn-data-quality)"
    assert body.startswith("churn-endpoint: the monitor is silent. Nobody is watching the model until it runs again.\n")
    assert "Last run  over the window that ended at 2026-11-23 01:00 UTC\n" in body
    assert "aws scheduler list-schedules --name-prefix churn-data-quality" in body
    assert "VIOLATIONS" not in body
    assert attributes == {
        "kind": "silent-monitor",
        "state": "ALARM",
        "severity": "warning",
        "alarm_name": "churn-constraint-violations",
        "endpoint": "churn-endpoint",
        "monitoring_schedule": "churn-data-quality",
        "chat": "churn-endpoint: the monitor is silent. Nobody is watching the model until it runs again.\n"
        "Last run: over the window that ended at 2026-11-23 01:00 UTC\n"
        "First: is the schedule churn-data-quality there and enabled?\n"
        "Runbook: docs/operations.md, Silent monitor",
    }


def test_a_monitor_that_never_ran(sns: FakeSns, new_responder: Any) -> None:
    respond(rings("HoursSilent"), new_responder(**PREFIXES))
    assert "Last run  none in the 7 days before the alarm\n" in told(sns)[1]


def test_windows_without_data(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    for hour, route in ((1, "none"), (2, "function"), (3, "none"), (4, "none")):
        s3.put(f"{RUNS}/2026/11/23/{hour:02}.json", record(hour, route))
    respond(rings("NoData"), new_responder(**PREFIXES, DASHBOARD_URL="https://example.com/dashboard"))
    subject, body, attributes = told(sns)
    assert subject == "[WARNING] churn-endpoint: no data to monitor (churn-data-quality)"
    assert "Window    2026-11-23T03:00:00Z to 2026-11-23T04:00:00Z\n" in body
    assert "Since     the window that ended at 2026-11-23 03:00 UTC (2 windows)\n" in body
    assert "Last data in the window that ended at 2026-11-23 02:00 UTC\n" in body
    assert "Does anybody call the endpoint?" in body
    assert "  Dashboard:    https://example.com/dashboard\n" in body
    assert attributes["kind"] == "no-data"


def test_what_the_run_left_where_it_lies(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """Labels that nobody can read are no labels, and the reason that there is nothing to measure."""
    said = "Left out: 1 x a file of labels that is no *.jsonl (2026/11/23/03/labels.csv)."
    s3.put(f"{RUNS}/2026/11/23/04.json", json.dumps({**record(4, "none"), "left_out": said}).encode())
    respond(rings("NoData"), new_responder(**PREFIXES))
    assert f"\n\n{said}\n\nWHAT TO DO NEXT\n" in told(sns)[1]


def test_never_any_data(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUNS}/2026/11/23/04.json", record(4, "none"))
    respond(rings("NoData"), new_responder(**PREFIXES))
    body = told(sns)[1]
    assert "(1 window)\nLast data none in the 7 days before the alarm\n" in body


def test_no_more_than_a_week_of_runs_is_read(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    for day in range(10, 24):
        for hour in range(24):
            s3.put(f"{RUNS}/2026/11/{day}/{hour:02}.json", record(max(hour, 1), "none"))
    respond(rings("NoData"), new_responder(**PREFIXES))
    assert "Since     the window that ended at 2026-11-16 05:00 UTC (168 windows)\n" in told(sns)[1]


def test_two_engines_that_disagree(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put("engine-agreement/churn-endpoint/a-kind/2026/11/23/04.json", agreement(AGE, share=0.1, schedule="another"))
    s3.put(f"{AGREEMENTS}/2026/11/23/01.json", agreement(share=1.0))
    s3.put(f"{AGREEMENTS}/2026/11/23/02.json", agreement(AGE, share=0.75))
    s3.put(f"{AGREEMENTS}/2026/11/23/04.json", agreement(AGE, CODE, share=0.5))
    respond(rings("Agreement"), new_responder(**PREFIXES))
    subject, body, attributes = told(sns)
    assert subject == "[WARNING] churn-endpoint: the two monitors disagree (AGEP, CODE)"
    assert "Agreement 0.5 (share of 4 features with the same verdict)\n" in body
    assert "Since     the window that ended at 2026-11-23 02:00 UTC (2 windows)\n" in body
    assert (
        "WHERE THEY DISAGREE\n"
        "  AGEP\n"
        "     Model Monitor: baseline_drift_check: 0.41, limit 0.1\n"
        "     open engine:   no violation\n"
        "     measured:      AGEP: median 41 → 41, PSI 0.01\n"
        "  CODE\n"
        "     Model Monitor: no violation\n"
        "     open engine:   data_type_check: no numbers here\n"
    ) in body
    assert f"  Comparison:   s3://churn-data/{AGREEMENTS}/2026/11/23/04.json\n" in body
    assert attributes["kind"] == "disagreement"


def test_measures_without_a_summary() -> None:
    assert engine_disagreement._measured({"psi": 0.25, "p_value_adjusted": None, "ks": {}}) == "psi 0.25"


def test_many_disagreements_are_cut(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    many = [AGE | {"feature": f"F{number}"} for number in range(40)]
    s3.put(f"{AGREEMENTS}/2026/11/23/04.json", agreement(*many, share=0.0))
    respond(rings("Agreement"), new_responder(**PREFIXES))
    body = told(sns)[1]
    assert "\n  F14\n" in body
    assert "\n  F15\n" not in body
    assert "  ... and 25 more in the file\n" in body


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("HoursSilent", "The monitor's last run could not be looked up: s3://churn-data/monitor-state"),
        ("NoData", "The monitor's runs could not be looked up: s3://churn-data/monitor-state"),
        ("Agreement", "What the engines disagree about could not be looked up: s3://churn-data/engine-agreement"),
    ],
)
def test_what_may_not_be_read_is_told(s3: FakeS3, sns: FakeSns, new_responder: Any, metric: str, said: str) -> None:
    s3.denied_prefixes = ("monitor-state", "engine-agreement")
    respond(rings(metric), new_responder(**PREFIXES))
    assert said in told(sns)[1]


@pytest.mark.parametrize("metric", ["HoursSilent", "NoData", "Agreement"])
def test_a_function_that_is_not_told_where(sns: FakeSns, new_responder: Any, metric: str) -> None:
    respond(rings(metric), new_responder())
    subject, body, _ = told(sns)
    assert "could not be looked up: the function is not told where" in body
    assert "drift" not in subject


def test_nothing_was_compared(sns: FakeSns, new_responder: Any) -> None:
    respond(rings("Agreement"), new_responder(**PREFIXES))
    assert (
        "No comparison of this schedule was found in s3://churn-data/engine-agreement/churn-endpoint/."
        in (told(sns)[1])
    )


@pytest.mark.parametrize("content", [b"no json", [], {"disagreements": "x"}])
def test_a_comparison_that_is_none(s3: FakeS3, sns: FakeSns, new_responder: Any, content: Any) -> None:
    s3.put(f"{AGREEMENTS}/2026/11/23/04.json", content)
    respond(rings("Agreement"), new_responder(**PREFIXES))
    assert told(sns)[0] == "[WARNING] churn-endpoint: the two monitors disagree"


BEHIND = {**PREFIXES, "HOURS_BEHIND": '{"churn-data-quality": 216}'}


class TestWindowsThatAreMovedBack:
    """Nine days: what there is to tell lies before the week that is looked at otherwise."""

    def test_a_silent_monitor(self, s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
        s3.put(f"{RUNS}/2026/11/14/01.json", record(1, "job"))
        respond(rings("HoursSilent"), new_responder(**BEHIND))
        assert "Last run  over the window that ended at 2026-11-14 01:00 UTC\n" in told(sns)[1]

    def test_one_that_has_been_silent_for_longer(self, s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
        s3.put(f"{RUNS}/2026/11/07/03.json", record(3, "job"))
        respond(rings("HoursSilent"), new_responder(**BEHIND))
        assert "Last run  none in the 16 days before the alarm\n" in told(sns)[1]

    def test_no_data(self, s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
        s3.put(f"{RUNS}/2026/11/14/01.json", record(1, "none"))
        respond(rings("NoData"), new_responder(**BEHIND))
        body = told(sns)[1]
        assert "Since     the window that ended at 2026-11-14 01:00 UTC (1 window)\n" in body
        assert "Last data none in the 16 days before the alarm\n" in body

    def test_a_disagreement(self, s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
        s3.put(f"{AGREEMENTS}/2026/11/14/01.json", agreement(AGE, share=0.75))
        respond(rings("Agreement"), new_responder(**BEHIND))
        assert "Since     the window that ended at 2026-11-14 01:00 UTC (1 window)\n" in told(sns)[1]


def test_a_watch_that_says_nothing_is_told(respond_to_state: Callable[..., Any]) -> None:
    published = respond_to_state("INSUFFICIENT_DATA", "OK", "HoursSilent")
    assert "published nothing for three hours" in published["Message"]


@pytest.mark.parametrize(
    ("state", "before", "metric", "name"),
    [
        ("INSUFFICIENT_DATA", "OK", "ConstraintViolations", "churn-data-quality-violations"),
        ("OK", "INSUFFICIENT_DATA", "HoursSilent", "churn-data-quality-silent"),
        ("ALARM", "OK", "ApproximateNumberOfMessagesVisible", "churn-monitor-watch-dead-letters"),
    ],
)
def test_what_nobody_wants_to_be_told_of(
    respond_to_state: Callable[..., Any], state: str, before: str, metric: str, name: str
) -> None:
    assert respond_to_state(state, before, metric, name) is None


@pytest.mark.parametrize("metric", ["StreamRecords", "HoursSilent"])
def test_the_end_of_a_silence_is_told_if_its_beginning_was(sns: FakeSns, new_responder: Any, metric: str) -> None:
    responder, none = new_responder(NOTIFY_ON_OK="true"), "INSUFFICIENT_DATA"
    for minute, state, before in ((0, "OK", none), (10, none, "OK"), (30, "OK", none)):
        found = rings(metric)
        message = json.loads(found["Records"][0]["Sns"]["Message"])
        message |= {"NewStateValue": state, "OldStateValue": before, "AlarmName": "churn-silent"}
        message["StateChangeTime"] = f"2026-11-23T05:{minute:02}:00.000+0000"
        found["Records"][0]["Sns"]["Message"] = json.dumps(message)
        respond(found, responder)
    assert [published["Subject"] for published in sns.published] == [
        "[INSUFFICIENT_DATA] churn-endpoint: alarm churn-silent is now INSUFFICIENT_DATA",
        "[OK] churn-endpoint: alarm churn-silent is over",
    ]
