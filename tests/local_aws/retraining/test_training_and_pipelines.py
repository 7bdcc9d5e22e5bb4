"""Training jobs, pipelines and the model registry under their role."""

import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import SKLEARN, Bench, processing_input, processing_output, pull, statement, wait_until
from tests.local_aws.retraining.training import ended, machine, training_request, when_ended, worker


def trained(bench: Bench, name: str) -> dict[str, Any]:
    return when_ended(lambda: bench.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")


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
    return when_ended(
        lambda: bench.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn), "PipelineExecutionStatus"
    )


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
