"""A stream's alarm has its finding in the message, and the run that finds the same break later is told nobody again."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event, load

functions = load("alarm_responder")
FINDINGS = "stream-state/churn-endpoint/findings"
# The fixture's alarm rang some minutes after 04:00, when its run over 03:00 to 04:00 was done.
SINCE = datetime(2026, 11, 23, 3, 20, 0, tzinfo=UTC).timestamp()


def finding(*names: str, since: float = SINCE, over: float | None = None, apart: float = 0.0) -> dict[str, Any]:
    features = {
        name: {
            "what": "values are higher",
            "since": since,
            "at": since + 10 + apart * at,
            "psi": 1.0 + at,
            "over": over,
        }
        for at, name in enumerate(names)
    }
    return {"name": "20261123T032010Z", "since": since, "found_at": since + 10, "features": features}


def alarm(**changes: Any) -> Any:
    (record,) = functions.alarm_event.records(event("alarm_violations"))
    message = json.loads(record["Message"])
    trigger = {**message["Trigger"], **changes.pop("Trigger", {})}
    return functions.alarm_event.parse_alarm(
        {**record, "Message": json.dumps({**message, **changes, "Trigger": trigger})}
    )


@pytest.fixture
def responder(new_responder: Any) -> Any:
    return new_responder(STREAM_PREFIX="stream-state")


def run_found(s3: FakeS3, *names: str) -> None:
    s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", {"violations": [drift(name, 0.5) for name in names]})


def stream_alarm() -> Any:
    return alarm(
        AlarmName="churn-stream-drift-1a2b3c4",
        StateChangeTime="2026-11-23T03:20:25.000+0000",
        Trigger={
            "MetricName": "DriftingFeatures",
            "Dimensions": [
                {"name": "Endpoint", "value": "churn-endpoint"},
                {"name": "MonitoringSchedule", "value": "churn-endpoint-stream"},
            ],
        },
    )


def test_the_streams_message_says_which_how_and_since_when(responder: Any, s3: FakeS3, sns: FakeSns) -> None:
    s3.put(f"{FINDINGS}/20261123T032010Z.json", finding("RELP", "AGEP"))
    assert responder.respond(stream_alarm())["outcome"] == "published"
    (message,) = sns.published
    assert message["Subject"] == "[ALARM] churn-endpoint: 2 features changed in the stream (AGEP, RELP)"
    assert "Since     2026-11-23 03:20:00 UTC" in message["Message"]
    assert "the alarm rang 25 s after it began" in message["Message"]
    assert "  AGEP: values are higher (PSI 2.00)" in message["Message"]
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (attributes["kind"], attributes["features"]) == ("stream", "2")


def test_without_its_finding_it_rings_all_the_same(responder: Any, new_responder: Any, sns: FakeSns) -> None:
    responder.respond(stream_alarm())
    assert "kept no finding of the last week" in sns.published[0]["Message"]
    new_responder(owner="second").respond(alarm(**{"AlarmName": "other", **_as_stream()}))
    assert "not told where (environment variable STREAM_PREFIX)" in sns.published[1]["Message"]


def _as_stream() -> dict[str, Any]:
    return {"Trigger": {"MetricName": "DriftingFeatures"}}


def test_the_run_that_finds_the_same_is_told_nobody(
    responder: Any, s3: FakeS3, sns: FakeSns, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put(f"{FINDINGS}/20261123T032010Z.json", finding("RELP", "AGEP"))
    run_found(s3, "AGEP")
    assert responder.respond(alarm())["outcome"] == "recorded"
    assert sns.published == []
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["finding"] for line in said if line["message"] == "the same finding, told before"] == [
        "20261123T032010Z"
    ]
    assert responder.respond(alarm())["outcome"] == "duplicate"


@pytest.mark.parametrize(
    ("found", "in_stream"),
    [
        (("AGEP", "SCHL"), finding("AGEP")),  # something besides
        (("AGEP",), finding("RELP")),
        (("AGEP",), finding("AGEP", since=SINCE - 7200, over=SINCE - 3600)),  # it was over before these hours
        (("AGEP",), None),
        (("RELP", "AGEP"), finding("RELP", "AGEP", apart=600.0)),  # which joined it when the alarm had rung long ago
    ],
)
def test_another_finding_is_told(responder: Any, s3: FakeS3, sns: FakeSns, found: Any, in_stream: Any) -> None:
    if in_stream:
        s3.put(f"{FINDINGS}/20261123T032010Z.json", in_stream)
    run_found(s3, *found)
    assert responder.respond(alarm())["outcome"] == "published"
    assert ("no second finding" in sns.published[0]["Message"]) == (
        found == ("AGEP", "SCHL") or "RELP" in str(in_stream)
    )


def test_a_damaged_finding_costs_no_message(responder: Any, s3: FakeS3, sns: FakeSns) -> None:
    s3.put(f"{FINDINGS}/20261123T032010Z.json", {"name": 1})
    run_found(s3, "AGEP")
    assert responder.respond(alarm())["outcome"] == "published"
    assert "Whether the stream has found the same could not be looked up" in sns.published[0]["Message"]
