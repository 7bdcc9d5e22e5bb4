"""Training jobs, pipelines, the model registry, blue/green deployments, and state machines under their role."""

import io
import json
import tarfile
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import local_aws
from tests.local_aws.bench import (
    INFERENCE,
    SKLEARN,
    Bench,
    processing_input,
    processing_output,
    pull,
    statement,
    tarball,
    wait_until,
)

TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=float)
factor = parser.parse_args().factor
if factor < 0:
    with open(os.path.join(os.environ["SM_OUTPUT_DIR"], "failure"), "w") as file:
        file.write("a factor must not be negative")
    raise SystemExit(1)
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "train.csv")).read().split()
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"weights": [factor * float(rows[0]), factor * float(rows[1])]}, file)
"""


def training_request(bench: Bench, role: str, factor: str) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        "RoleArn": role,
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(bench.put("code/source.tar.gz", tarball({"train.py": TRAIN}))),
            "factor": factor,
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bench.bucket}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def trained(bench: Bench, name: str) -> dict[str, Any]:
    def ended() -> Any:
        found = bench.sagemaker.describe_training_job(TrainingJobName=name)
        return found if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found: dict[str, Any] = wait_until(ended)
    return found


def worker(bench: Bench, *more: dict[str, Any]) -> str:
    return bench.role(
        "worker",
        statement(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bench.bucket}/*"),
        statement("s3:ListBucket", f"arn:aws:s3:::{bench.bucket}"),
        *pull(),
        *more,
    )


def test_a_training_job_runs_its_script_by_the_containers_contract(guarded_bench: Bench) -> None:
    bench = guarded_bench
    bench.put("data/train.csv", "2 3")
    role = worker(bench)
    name = f"{bench.name}-training"
    bench.sagemaker.create_training_job(TrainingJobName=name, **training_request(bench, role, "10"))
    job = trained(bench, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bench.bucket}/models/{name}/output/model.tar.gz"
    model = bench.get(f"models/{name}/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(model)) as tar:
        file = tar.extractfile("model.json")
        assert file is not None
        assert json.loads(file.read()) == {"weights": [20.0, 30.0]}
    with pytest.raises(ClientError, match="ResourceInUse"):
        bench.sagemaker.create_training_job(TrainingJobName=name, **training_request(bench, role, "10"))
    bench.sagemaker.create_training_job(TrainingJobName=f"{name}-2", **training_request(bench, role, "-1"))
    assert trained(bench, f"{name}-2")["FailureReason"] == (
        "AlgorithmError: a factor must not be negative, exit code: 1"
    )
    powerless = bench.role("powerless", *pull())
    bench.sagemaker.create_training_job(TrainingJobName=f"{name}-3", **training_request(bench, powerless, "1"))
    assert "is not authorized to perform: s3:" in trained(bench, f"{name}-3")["FailureReason"]


def pipeline_definition(bench: Bench, role: str) -> dict[str, Any]:
    # The image's paths are rewritten in arguments, not in a script's text.
    script = "import sys; open(sys.argv[2] + '/train.csv', 'w').write(open(sys.argv[1] + '/rows.csv').read())"
    script += "\nimport json; json.dump({'rows': 2}, open(sys.argv[2] + '/report.json', 'w'))"
    request = training_request(bench, role, "1")
    request["HyperParameters"]["factor"] = {"Get": "Parameters.Factor"}
    source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3Uri"] = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['result'].S3Output.S3Uri"}
    uri = {
        "Std:Join": {"On": "/", "Values": [f"s3://{bench.bucket}", "runs", {"Get": "Execution.PipelineExecutionId"}]}
    }
    prepare = {
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/prepare.py"],
            "ContainerArguments": ["/opt/ml/processing/rows", "/opt/ml/processing/output"],
        },
        "ProcessingInputs": [
            processing_input("code", bench.put("code/prepare.py", script), "/opt/ml/processing/code"),
            processing_input("rows", bench.put("rows/rows.csv", "2 3"), "/opt/ml/processing/rows"),
        ],
        "ProcessingOutputConfig": processing_output(uri),  # type: ignore[arg-type]
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "RoleArn": role,
    }
    register = {
        "ModelPackageGroupName": f"{bench.name}-models",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": SKLEARN, "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    report = {"PropertyFile": {"Get": "Steps.Prepare.PropertyFiles.Report"}, "Path": "rows"}
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Factor", "Type": "String", "DefaultValue": "1"}],
        "Steps": [
            {
                "Name": "Decide",
                "Type": "Condition",
                "DependsOn": ["Train"],
                "Arguments": {
                    "Conditions": [
                        {"Type": "GreaterThanOrEqualTo", "LeftValue": {"Std:JsonGet": report}, "RightValue": 2}
                    ],
                    "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": register}],
                    "ElseSteps": [],
                },
            },
            {"Name": "Train", "Type": "Training", "Arguments": request},
            {
                "Name": "Prepare",
                "Type": "Processing",
                "Arguments": prepare,
                "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "result", "FilePath": "report.json"}],
            },
        ],
    }


def executed(bench: Bench, arn: str) -> dict[str, Any]:
    def ended() -> Any:
        found = bench.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return found if found["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped") else None

    found: dict[str, Any] = wait_until(ended)
    return found


def test_a_pipeline_runs_its_steps_under_its_role_and_registers_a_model(guarded_bench: Bench) -> None:
    bench = guarded_bench
    account, region = bench.cloud.account_id, bench.cloud.region
    sagemaker = f"arn:aws:sagemaker:{region}:{account}"
    role = f"arn:aws:iam::{account}:role/{bench.name}-worker"
    rights = [
        statement(
            ["sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"],
            f"{sagemaker}:processing-job/pipelines-*",
        ),
        statement(
            ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"], f"{sagemaker}:training-job/pipelines-*"
        ),
        statement("iam:PassRole", role),
    ]
    worker(bench, *rights)
    group = f"{bench.name}-models"
    bench.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    definition = pipeline_definition(bench, role)
    name = f"{bench.name}-pipeline"
    bench.sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role)

    arn = bench.sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    refused = executed(bench, arn)
    assert "not authorized to perform: sagemaker:CreateModelPackage" in refused["FailureReason"]

    package_right = statement("sagemaker:CreateModelPackage", f"{sagemaker}:model-package/{group}/*")
    policy = {"Version": "2012-10-17", "Statement": [package_right]}
    bench.iam.put_role_policy(RoleName=f"{bench.name}-worker", PolicyName="more", PolicyDocument=json.dumps(policy))
    parameters = [{"Name": "Factor", "Value": "10"}]
    arn = bench.sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=parameters)[
        "PipelineExecutionArn"
    ]
    assert executed(bench, arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = {
        step["StepName"]: step
        for step in bench.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    }
    assert {each: step["StepStatus"] for each, step in steps.items()} == dict.fromkeys(
        ("Prepare", "Train", "Decide", "Register"), "Succeeded"
    )
    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert package == f"{sagemaker}:model-package/{group}/1"
    with pytest.raises(ClientError, match=r"unknown \['Fctor'\]"):
        bench.sagemaker.start_pipeline_execution(
            PipelineName=name, PipelineParameters=[{"Name": "Fctor", "Value": "1"}]
        )
    with pytest.raises(ClientError, match="Unable to parse"):
        bench.sagemaker.create_pipeline(PipelineName=f"{name}-2", PipelineDefinition="nonsense", RoleArn=role)


def test_the_executions_of_a_pipeline_are_listed_with_a_right_on_it(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role, name = worker(bench), f"{bench.name}-pipeline"
    definition = json.dumps(pipeline_definition(bench, role))
    bench.sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:listPipelineExecutions", "End": True}
    state = {**task, "Parameters": {"PipelineName": name}}
    right = statement("sagemaker:ListPipelineExecutions", f"arn:aws:sagemaker:*:*:pipeline/{name}")
    client, arn = machine(bench, {"Look": state}, right)
    found = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert json.loads(found["output"]) == {"PipelineExecutionSummaries": []}


def queue_of_events(bench: Bench, pattern: dict[str, Any]) -> Any:
    """A function that gives the events of the default bus that match."""
    events, sqs = bench.cloud.client("events"), bench.cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"{bench.name}-events")["QueueUrl"]
    arn = f"arn:aws:sqs:{bench.cloud.region}:{bench.cloud.account_id}:{bench.name}-events"
    events.put_rule(Name=f"{bench.name}-rule", EventPattern=json.dumps(pattern))
    events.put_targets(Rule=f"{bench.name}-rule", Targets=[{"Id": "1", "Arn": arn}])

    def heard() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return heard


def test_a_package_keeps_what_an_approval_does_not_name_and_tells_of_it(bench: Bench) -> None:
    group = f"{bench.name}-models"
    bench.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    package = bench.sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"snapshot": "abc"},
    )["ModelPackageArn"]
    heard = queue_of_events(bench, {"detail-type": ["SageMaker Model Package State Change"]})
    bench.sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="looked at it"
    )
    found = bench.sagemaker.describe_model_package(ModelPackageName=package)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "looked at it")
    assert found["CustomerMetadataProperties"] == {"snapshot": "abc"}
    assert found["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(":root")
    told = wait_until(heard)
    assert told[0]["detail"]["ModelApprovalStatus"] == "Approved"
    assert told[0]["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    listed = bench.sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [each["ModelPackageVersion"] for each in listed["ModelPackageSummaryList"]] == [1]
    with pytest.raises(ClientError, match="has packages"):
        bench.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    bench.sagemaker.delete_model_package(ModelPackageName=package)
    bench.sagemaker.delete_model_package_group(ModelPackageGroupName=group)


CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            "WaitIntervalInSeconds": 300,
        }
    }
}
BROKEN = {
    "model.json": "{}",
    "code/inference.py": "def model_fn(folder): return 1\ndef input_fn(data, kind): raise ValueError('never')\n",
}


def canary_of(bench: Bench, endpoint: str, files: dict[str, str] | None) -> dict[str, Any]:
    alarm = f"{bench.name}-errors"
    bench.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "Primary"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    config = bench.config(bench.model(files))
    how = {**CANARY, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}}
    bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=how)
    wait_until(lambda: bench.sagemaker.describe_endpoint(EndpointName=endpoint).get("PendingDeploymentSummary"))
    return {"config": config}


def test_a_canary_gets_its_share_and_then_everything(bench: Bench) -> None:
    endpoint = bench.endpoint()
    new = {"model.json": json.dumps({"weights": [7, 0, 0]}), "code/inference.py": INFERENCE}
    config = canary_of(bench, endpoint, new)["config"]
    answers = [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(8)]
    assert answers.count(b"7.0") == 2
    bench.cloud.clock.advance(timedelta(seconds=301))
    answers = [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(4)]
    assert answers == [b"7.0"] * 4
    assert bench.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating"
    bench.cloud.clock.advance(timedelta(seconds=301))
    found = bench.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", config)


def test_an_alarm_in_the_baking_time_brings_the_old_fleet_back(bench: Bench) -> None:
    endpoint = bench.endpoint()
    before = bench.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    canary_of(bench, endpoint, BROKEN)
    failed = 0
    for _ in range(8):
        try:
            bench.invoke(endpoint, "1,1,1")
        except ClientError:
            failed += 1
    assert failed == 2
    bench.cloud.clock.advance(timedelta(seconds=120))
    found = bench.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert found["FailureReason"].startswith("Auto-rollback: the alarm")
    assert [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(4)] == [b"111.0"] * 4


def machine(bench: Bench, states: dict[str, Any], *rights: dict[str, Any]) -> Any:
    """A state machine and a function that starts it and waits for its end."""
    client = bench.cloud.client("stepfunctions")
    role = bench.role("states", *rights, service="states.amazonaws.com")
    definition = {"StartAt": next(iter(states)), "States": states}
    arn = client.create_state_machine(name=f"{bench.name}-machine", definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]
    return client, arn


def ended(client: Any, execution: str) -> dict[str, Any]:
    def look() -> Any:
        found = client.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found: dict[str, Any] = wait_until(look)
    return found


def test_a_task_may_do_what_the_machines_role_may(guarded_bench: Bench) -> None:
    bench = guarded_bench
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint", "End": True}
    state = {**task, "Parameters": {"EndpointName": bench.endpoint()}}
    client, arn = machine(bench, {"Look": state})
    refused = ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert refused["error"] == "SageMaker.AccessDeniedException"
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
