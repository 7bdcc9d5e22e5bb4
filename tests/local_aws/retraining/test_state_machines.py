"""State machines under their role and on the virtual clock."""

import json
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

import local_aws
from local_aws.states import error_name
from tests.local_aws.bench import SKLEARN, Bench, processing_input, statement, wait_until
from tests.local_aws.retraining.training import ended, machine, worker


def test_a_task_may_do_what_the_machines_role_may(guarded_bench: Bench) -> None:
    bench = guarded_bench
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint", "End": True}
    state = {**task, "Parameters": {"EndpointName": bench.endpoint()}}
    client, arn = machine(bench, {"Look": state})
    refused = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert refused["error"] == "SageMaker.SageMakerException"
    said = f"{refused['executionArn']}: SageMaker.SageMakerException: "
    assert sum(line.startswith(said) for line in bench.cloud.failures()) == 2  # the task, and the execution
    assert f"{bench.name}-states/states is not authorized to perform: sagemaker:DescribeEndpoint" in refused["cause"]
    right = statement("sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:*:*:endpoint/{bench.name}-ep")
    bench.iam.put_role_policy(
        RoleName=f"{bench.name}-states",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [right]}),
    )
    allowed = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert json.loads(allowed["output"])["EndpointStatus"] == "InService"


def test_waits_and_time_limits_are_on_the_virtual_clock(cloud: local_aws.LocalAws) -> None:
    bench = Bench(cloud)
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"{bench.name}-tokens")["QueueUrl"]
    states = {
        "Pause": {"Type": "Wait", "Seconds": 7200, "Next": "Ask"},
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSeconds": 86400,
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
            "End": True,
        },
        "Late": {"Type": "Pass", "Result": "nobody answered", "End": True},
    }
    client, arn = machine(bench, states, statement("sqs:SendMessage", "*"))
    first = client.start_execution(stateMachineArn=arn, name="first")["executionArn"]
    wait_until(lambda: len(client.get_execution_history(executionArn=first)["events"]) > 1)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    cloud.clock.advance(timedelta(seconds=7300))
    token = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]["Body"]
    client.send_task_success(taskToken=token, output='{"approved": true}')
    assert json.loads(ended(client, first)["output"]) == {"approved": True}
    second = client.start_execution(stateMachineArn=arn, name="second")["executionArn"]
    wait_until(lambda: len(client.get_execution_history(executionArn=second)["events"]) > 1)
    cloud.clock.advance(timedelta(seconds=7300))
    wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    cloud.clock.advance(timedelta(days=1, seconds=10))
    assert json.loads(ended(client, second)["output"]) == "nobody answered"
    third = client.start_execution(stateMachineArn=arn, name="third")["executionArn"]
    client.stop_execution(executionArn=third, error="Killed", cause="by hand")
    assert ended(client, third)["status"] == "ABORTED"
    cloud.clock.advance(timedelta(hours=3))
    assert client.describe_execution(executionArn=third)["status"] == "ABORTED"


def test_who_answers_a_token_needs_the_right_on_the_machine_that_waits(guarded_bench: Bench) -> None:
    bench = guarded_bench
    sqs = bench.cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"{bench.name}-tokens")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    client, waiting = machine(bench, {"Ask": ask}, statement("sqs:SendMessage", "*"))
    execution = client.start_execution(stateMachineArn=waiting)["executionArn"]
    token = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]["Body"]
    user = f"{bench.name}-user"
    bench.iam.create_user(UserName=user)
    key = bench.iam.create_access_key(UserName=user)["AccessKey"]
    theirs = boto3.client(
        "stepfunctions",
        endpoint_url=bench.cloud.endpoint_url,
        region_name=bench.cloud.region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    def may_answer(arn: str) -> None:
        document = {"Version": "2012-10-17", "Statement": [statement("states:SendTaskSuccess", arn)]}
        bench.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(document))

    may_answer(f"{waiting}-other")
    with pytest.raises(ClientError, match="not authorized to perform: states:SendTaskSuccess"):
        theirs.send_task_success(taskToken=token, output="{}")
    may_answer(waiting)
    theirs.send_task_success(taskToken=token, output='{"approved": true}')
    assert json.loads(ended(client, execution)["output"]) == {"approved": True}


def test_a_processing_job_with_sync_is_waited_for_and_its_failure_is_the_tasks(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = worker(bench)
    script = bench.put("code/fail.py", "raise SystemExit(3)")
    request = {
        "ProcessingJobName": f"{bench.name}-sync",
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/fail.py"],
        },
        "ProcessingInputs": [processing_input("code", script, "/opt/ml/processing/code")],
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "RoleArn": role,
    }
    job = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": request,
        "End": True,
    }
    rights = [
        statement(["sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"], "*"),
        statement("iam:PassRole", role),
    ]
    client, arn = machine(bench, {"Run": job}, *rights)
    refused = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert "events:PutTargets" in refused["cause"]
    rule = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
    rights.append(statement(["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule))
    bench.iam.put_role_policy(
        RoleName=f"{bench.name}-states",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}),
    )
    failed = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert failed["error"] == "States.TaskFailed"
    assert json.loads(failed["cause"])["FailureReason"].endswith("exit code: 3")


@pytest.mark.parametrize(
    ("resource", "code", "name"),
    [
        ("aws-sdk:sagemaker:describeEndpoint", "ThrottlingException", "SageMaker.SageMakerException"),
        ("aws-sdk:sagemaker:describeEndpoint", "InternalFailure", "SageMaker.SageMakerException"),
        ("aws-sdk:sagemaker:describeEndpoint", "ResourceNotFound", "SageMaker.ResourceNotFoundException"),
        ("aws-sdk:sagemaker:startPipelineExecution", "ConflictException", "SageMaker.ConflictException"),
        ("sagemaker:createProcessingJob.sync", "ThrottlingException", "SageMaker.AmazonSageMakerException"),
        ("sagemaker:createProcessingJob.sync", "ResourceLimitExceeded", "SageMaker.ResourceLimitExceededException"),
        ("lambda:invoke", "TooManyRequestsException", "Lambda.TooManyRequestsException"),
    ],
)
def test_an_error_is_called_as_step_functions_calls_it(resource: str, code: str, name: str) -> None:
    assert error_name(f"arn:aws:states:::{resource}", code) == name
