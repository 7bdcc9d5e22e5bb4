"""Functions run their zip, see this AWS under their role, and fail as AWS lets asynchronous invocations fail."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local_aws.bench import Bench, wait_until, zipped
from tests.local_aws.functions.function_bench import FunctionBench

GOOD = """
import boto3, json, os
def handler(event, context):
    key = "seen/" + context.aws_request_id
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(event))
    return {"who": boto3.client("sts").get_caller_identity()["Arn"], "url": os.environ["AWS_ENDPOINT_URL"]}
"""
BAD = "def handler(event, context):\n    raise ValueError('no')\n"


@pytest.fixture
def functions(guarded: Any) -> FunctionBench:
    return FunctionBench(guarded)


def test_a_function_acts_under_its_role_on_this_aws(functions: FunctionBench) -> None:
    functions.function(GOOD)
    answer = json.loads(functions.functions.invoke(FunctionName=functions.name, Payload=b'{"n": 1}')["Payload"].read())
    assert answer == {
        "who": f"arn:aws:sts::123456789012:assumed-role/{functions.name}-function/{functions.name}",
        "url": functions.cloud.endpoint_url,
    }
    assert [json.loads(functions.get(key)) for key in functions.keys("seen/")] == [{"n": 1}]


@pytest.mark.parametrize("module", ["numpy", "local_aws", "drift_tools", "pulumi"])
def test_a_function_has_no_more_than_its_zip_and_aws_s_runtime(functions: FunctionBench, module: str) -> None:
    functions.function(f"import {module}\ndef handler(event, context): return 1")
    answer = functions.functions.invoke(FunctionName=functions.name)
    assert answer["FunctionError"] == "Unhandled"
    assert f"No module named '{module}'" in answer["Payload"].read().decode()


def test_sns_invokes_with_permission_only(functions: FunctionBench) -> None:
    topic = functions.topic(functions.function(GOOD), permit=False)
    functions.sns.publish(TopicArn=topic, Message="one")
    denied = {"principal": "sns.amazonaws.com", "action": "lambda:InvokeFunction"}
    wait_until(lambda: any(call.items() >= denied.items() for call in functions.cloud.denied_calls()))
    functions.topic(functions.functions.get_function(FunctionName=functions.name)["Configuration"]["FunctionArn"])
    functions.sns.publish(TopicArn=topic, Message="two")
    (key, *_) = wait_until(lambda: functions.keys("seen/"))
    assert json.loads(functions.get(key))["Records"][0]["Sns"]["Message"] == "two"


def test_a_permission_for_another_topic_is_none(functions: FunctionBench) -> None:
    arn = functions.function(GOOD)
    functions.topic(arn)
    other = functions.sns.create_topic(Name=f"{functions.name}-other")["TopicArn"]
    functions.sns.subscribe(TopicArn=other, Protocol="lambda", Endpoint=arn)
    before = len(functions.cloud.denied_calls())
    functions.sns.publish(TopicArn=other, Message="one")
    wait_until(lambda: len(functions.cloud.denied_calls()) > before)
    assert functions.keys("seen/") == []


def test_after_two_retries_the_event_is_a_dead_letter(functions: FunctionBench) -> None:
    topic = functions.topic(functions.function(BAD, DeadLetterConfig={"TargetArn": functions.queue_arn}))
    functions.sns.publish(TopicArn=topic, Message="lost")
    (letter,) = wait_until(functions.letters)
    assert json.loads(letter["Body"])["Records"][0]["Sns"]["Message"] == "lost"
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"
    told = [line for line in functions.cloud.failures() if functions.name in line]
    assert told == [*[f"function {functions.name}: no"] * 3, f"dead letter for {functions.queue_arn}: no"]


def test_an_invocation_goes_on_while_its_function_changes(functions: FunctionBench) -> None:
    functions.function("import time\ndef handler(event, context):\n    time.sleep(1)\n    return 'old'")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(functions.functions.invoke, FunctionName=functions.name)
        time.sleep(0.5)
        functions.functions.update_function_code(
            FunctionName=functions.name, ZipFile=zipped("def handler(event, context): return 'new'")
        )
        assert under_way.result()["Payload"].read() == b'"old"'
    assert functions.functions.invoke(FunctionName=functions.name)["Payload"].read() == b'"new"'
    assert not [line for line in functions.cloud.failures() if functions.name in line]


def test_a_rule_invokes_a_function_and_its_failure_is_a_dead_letter(functions: FunctionBench) -> None:
    arn = functions.function(BAD, DeadLetterConfig={"TargetArn": functions.queue_arn})
    events = functions.cloud.client("events")
    rule = events.put_rule(Name=functions.name, EventPattern=json.dumps({"source": [functions.name]}))["RuleArn"]
    events.put_targets(Rule=functions.name, Targets=[{"Id": "1", "Arn": arn}])
    functions.functions.add_permission(
        FunctionName=functions.name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_events(Entries=[{"Source": functions.name, "DetailType": "try", "Detail": "{}"}])
    (letter,) = wait_until(functions.letters)
    assert json.loads(letter["Body"])["source"] == functions.name


def test_conditional_put_is_refused_the_second_time(bench: Bench) -> None:
    bench.s3.put_object(Bucket=bench.bucket, Key="marker", Body=b"1", IfNoneMatch="*")
    with pytest.raises(bench.s3.exceptions.ClientError) as raised:
        bench.s3.put_object(Bucket=bench.bucket, Key="marker", Body=b"2", IfNoneMatch="*")
    assert raised.value.response["Error"]["Code"] == "PreconditionFailed"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert bench.get("marker") == b"1"
