"""The alarm out of the SNS event."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.lambda_functions.functions import common, event, load

functions = load("alarm_responder").alarm_event


def parsed(name: str) -> Any:
    (record,) = functions.records(event(name))
    return functions.parse_alarm(record)


def test_an_alarm_as_aws_sends_it() -> None:
    alarm = parsed("alarm_violations")
    assert (alarm.name, alarm.state, alarm.previous_state) == ("churn-constraint-violations", "ALARM", "OK")
    assert (alarm.endpoint, alarm.schedule) == ("churn-endpoint", "churn-data-quality")
    assert (alarm.metric, alarm.region) == ("ConstraintViolations", "eu-central-1")
    assert alarm.changed_at == datetime(2026, 11, 23, 4, 6, 9, 871000, tzinfo=UTC)


def test_the_apis_spelling_of_dimensions_does_too() -> None:
    alarm = parsed("alarm_violations_api_spelling")
    assert (alarm.endpoint, alarm.schedule) == ("churn-endpoint", "churn-data-quality")
    assert alarm.region == "eu-central-1"  # from the topic's ARN
    assert alarm.changed_at == parsed("alarm_violations").changed_at


def test_a_composite_alarm_has_no_dimensions() -> None:
    alarm = parsed("alarm_composite")
    assert (alarm.endpoint, alarm.schedule, alarm.metric) == (None, None, "")


def test_the_marker_names_one_transition() -> None:
    name = parsed("alarm_violations").marker_name
    assert name == parsed("alarm_violations").marker_name
    assert name.startswith("churn-constraint-violations/2026-11-23T04-06-09-ALARM-")
    others = ["alarm_ok", "alarm_job_failures", "alarm_insufficient_data"]
    assert len({name, *(parsed(other).marker_name for other in others)}) == 4


def test_the_same_second_and_name_in_another_account_is_another_marker() -> None:
    document = event("alarm_violations")
    sns = document["Records"][0]["Sns"]
    sns["Message"] = sns["Message"].replace("111122223333", "444455556666")
    (record,) = functions.records(document)
    assert functions.parse_alarm(record).marker_name != parsed("alarm_violations").marker_name


def test_odd_characters_in_an_alarms_name_stay_out_of_the_key() -> None:
    document = event("alarm_violations")
    sns = document["Records"][0]["Sns"]
    sns["Message"] = sns["Message"].replace('"churn-constraint-violations"', '"../drift: größer/1"')
    (record,) = functions.records(document)
    assert functions.parse_alarm(record).marker_name.split("/")[0] == "..-drift-gr-er-1"


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "the event must be an object"),
        ({}, "the event has no Records"),
        ({"Records": []}, "the event has no Records"),
        ({"Records": ["x"]}, r"Records\[0\] must be an object"),
        ({"Records": [{"Sqs": {}}]}, r"Records\[0\].Sns must be an object"),
    ],
)
def test_events_that_are_not_from_sns(document: Any, complaint: str) -> None:
    with pytest.raises(common("event_fields").BadEventError, match=complaint):
        list(functions.records(document))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"StateChangeTime": None}, "the alarm message has no StateChangeTime"),
        ({"StateChangeTime": "yesterday"}, "StateChangeTime 'yesterday' is no ISO 8601 time"),
        ({"AlarmName": ""}, "AlarmName must be a non-empty string"),
        ({"NewStateValue": 1}, "NewStateValue must be a non-empty string"),
        ({"Trigger": []}, None),
        ({"Trigger": "x"}, "Trigger must be an object"),
        ({"Trigger": {"Dimensions": {"a": 1}}}, "Trigger.Dimensions must be a list"),
        ({"Trigger": {"Dimensions": ["a"]}}, "a dimension of the alarm message must be an object"),
        ({"Trigger": {"Dimensions": [{"name": "a"}]}}, "a dimension has no value"),
    ],
)
def test_messages_that_are_no_alarm(change: dict[str, Any], complaint: str | None) -> None:
    sns = event("alarm_violations")["Records"][0]["Sns"]
    sns["Message"] = json.dumps({**json.loads(sns["Message"]), **change})
    if complaint is None:
        assert functions.parse_alarm(sns).endpoint is None
    else:
        with pytest.raises(common("event_fields").BadEventError, match=complaint):
            functions.parse_alarm(sns)


@pytest.mark.parametrize("message", ["hello", "[1]", "", None])
def test_a_message_that_is_no_json_object(message: Any) -> None:
    with pytest.raises(common("event_fields").BadEventError, match="SNS"):
        functions.parse_alarm({"Message": message})
