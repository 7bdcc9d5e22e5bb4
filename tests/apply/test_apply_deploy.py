"""Deployment: what is created, what comes back, and how failures read."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native
import pytest

from local_aws import LocalAws
from local_aws.apply import DeployError, Event, Settings, deploy, inventory, load_settings
from tests.apply import programs

AUTO_NAME = re.compile(r"^violations-[0-9a-f]{7}$")


def test_alarms_functions_and_topics_are_real(cloud: LocalAws, settings: Settings) -> None:
    events: list[Event] = []
    denied = cloud.denied_calls()
    deployment = deploy(programs.notifications, settings, cloud, on_event=events.append)
    outputs = deployment.outputs
    assert list(outputs) == ["sum", "alarm", "function", "timeout", "environment", "role"]
    assert outputs["sum"] == {"sum": 3}
    assert AUTO_NAME.match(outputs["alarm"])
    assert outputs["timeout"] == 30
    assert outputs["environment"] == {"variables": {"TOKEN": "s3cret"}}
    assert deployment.secret_outputs == {"environment"}
    function = cloud.client("lambda").get_function_configuration(FunctionName=outputs["function"])
    assert (function["Role"], function["MemorySize"], function["Architectures"]) == (outputs["role"], 256, ["arm64"])
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    alarm = cloud.client("cloudwatch").describe_alarms(AlarmNames=[outputs["alarm"]])["MetricAlarms"][0]
    assert alarm["Dimensions"] == [
        {"Name": "Endpoint", "Value": "churn"},
        {"Name": "MonitoringSchedule", "Value": "hourly"},
    ]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert deployment.created == 20
    assert [event.action for event in events].count("created") == 20
    assert {event.action for event in events} == {"creating", "created"}
    assert sorted(event.index for event in events if event.action == "creating") == list(range(1, 21))
    result = deployment.destroy()
    assert len(result.deleted) == 20
    assert cloud.denied_calls() == denied


def test_a_model_is_served_and_monitored(cloud: LocalAws, settings: Settings) -> None:
    denied = cloud.denied_calls()
    deployment = deploy(programs.monitoring, settings, cloud)
    sagemaker = cloud.client("sagemaker")
    names = {resource.name: resource for resource in deployment.resources if resource.physical}
    definition = names["churn-model"].outputs["jobDefinitionArn"]
    assert deployment.outputs["definition_arn"] == definition == names["churn-model"].id
    endpoint = deployment.outputs["endpoint"]
    config = sagemaker.describe_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    )
    assert config["DataCaptureConfig"]["CaptureContentTypeHeader"]["CsvContentTypes"] == ["text/csv"]
    quality = sagemaker.describe_data_quality_job_definition(JobDefinitionName=names["churn-data"].id)
    assert quality["DataQualityJobInput"]["EndpointInput"]["LocalPath"] == "/opt/ml/processing/input"
    outputs = quality["DataQualityJobOutputConfig"]["MonitoringOutputs"]
    assert outputs[0]["S3Output"]["LocalPath"] == "/opt/ml/processing/output"
    schedules = {
        item["MonitoringType"] for item in sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"]
    }
    assert schedules == {"DataQuality", "ModelQuality"}
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=b"1,2,3"
    )
    assert float(answer["Body"].read()) == 6.0
    order = [resource.type.rsplit(":", 1)[1] for resource in deployment.destroy().deleted]
    ranked = ["MonitoringSchedule", "DataQualityJobDefinition", "Endpoint", "EndpointConfiguration", "Model", "Role"]
    assert sorted(ranked, key=order.index) == ranked
    assert cloud.denied_calls() == denied


def test_the_parents_of_a_component_are_recorded(cloud: LocalAws, settings: Settings) -> None:
    deployment = deploy(lambda: programs.Store("data"), settings, cloud)
    store, bucket = deployment.resources[:2]
    assert (store.type, store.physical, store.custom) == ("tests:index:Store", False, False)
    assert (bucket.parent, bucket.type) == (store.urn, "aws:s3/bucket:Bucket")
    rest = deployment.resources[2:]
    assert {resource.deleted_with for resource in rest} == {bucket.urn}
    assert all(bucket.urn in resource.dependencies for resource in rest)
    s3 = cloud.client("s3")
    rule = s3.get_bucket_lifecycle_configuration(Bucket=bucket.id)["Rules"][0]
    tags = [{"Key": "keep", "Value": "no"}]
    assert rule["Filter"] == {"And": {"Prefix": "captured-data/", "Tags": tags, "ObjectSizeGreaterThan": 0}}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert s3.get_bucket_versioning(Bucket=bucket.id)["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=bucket.id)["TagSet"] == [{"Key": "kind", "Value": "store"}]
    deployment.destroy()


PROGRAM = """
import pulumi, pulumi_aws as aws
from pathlib import Path
import {module}
config = pulumi.Config()
bucket = aws.s3.Bucket("data", force_destroy=True)
aws.s3.BucketObjectv2("table", bucket=bucket.bucket, key={module}.KEY, source=pulumi.FileAsset("table.csv"))
pulumi.export("rows", config.require_int("rows"))
pulumi.export("tags", config.require_object("tags"))
pulumi.export("where", str(Path.cwd()))
pulumi.export("stack", pulumi.get_stack())
pulumi.export("bucket", bucket.bucket)
pulumi.export("token", config.require_secret("token"))
assert __name__ == "__main__"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Pulumi project with a module beside its program and an asset by relative path."""
    module = f"helper_{tmp_path.name.replace('-', '_')}"
    (tmp_path / "Pulumi.yaml").write_text(
        "name: files\nruntime: python\nconfig:\n  rows: {type: integer, default: 3}\n"
        "  token: {type: string, secret: true, default: none}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  files:tags: {team: ml}\n")
    (tmp_path / f"{module}.py").write_text("KEY = 'baseline-data/table.csv'\n")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "__main__.py").write_text(PROGRAM.format(module=module))
    return tmp_path


def test_a_program_file_runs_as_pulumi_runs_it(cloud: LocalAws, project: Path) -> None:
    before = Path.cwd(), list(sys.path), list(sys.argv), os.environ.copy()
    settings = load_settings(project, "dev", {"token": "t0ken"})
    deployment = deploy(project / "__main__.py", settings, cloud)
    assert (Path.cwd(), list(sys.path), list(sys.argv), os.environ.copy()) == before
    bucket = deployment.outputs.pop("bucket")
    assert deployment.outputs == {
        "rows": 3,
        "tags": {"team": "ml"},
        "where": str(project),
        "stack": "dev",
        "token": "t0ken",
    }
    assert deployment.secret_outputs == {"token"}
    body = cloud.client("s3").get_object(Bucket=bucket, Key="baseline-data/table.csv")["Body"].read()
    assert body == b"a,b\n1,2\n"
    deployment.destroy()


def test_an_explicit_provider_reaches_its_resources_and_lookups(cloud: LocalAws, settings: Settings) -> None:
    def program() -> None:
        provider = aws.Provider("ireland", region="eu-west-1", default_tags={"tags": {"owner": "ml", "kind": "x"}})
        parent = programs.Store("far", options=pulumi.ResourceOptions(providers=[provider]))
        lookup = pulumi.InvokeOptions(parent=parent)
        pulumi.export("region", aws.get_region_output(opts=lookup).name)
        pulumi.export("bucket", parent.bucket.bucket)
        aws.sns.Topic("near", tags={"kind": "y"})

    deployment = deploy(program, settings, cloud)
    assert deployment.outputs["region"] == "eu-west-1"
    s3, bucket = cloud.client("s3"), deployment.outputs["bucket"]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-1"
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags == {"owner": "ml", "kind": "store"}
    assert next(iter(inventory(cloud)["sns topic"])).split(":")[3] == "us-east-1"
    deployment.destroy()


def test_the_stacks_configuration_configures_the_default_provider(cloud: LocalAws, tmp_path: Path) -> None:
    config = {"aws:region": "eu-west-1", "aws:defaultTags": '{"tags": {"team": "ml"}}'}
    settings = Settings("tests", "dev", config, directory=tmp_path)

    def program() -> None:
        pulumi.export("bucket", aws.s3.Bucket("data").bucket)

    deployment = deploy(program, settings, cloud)
    tags = cloud.client("s3").get_bucket_tagging(Bucket=deployment.outputs["bucket"])["TagSet"]
    assert tags == [{"Key": "team", "Value": "ml"}]
    deployment.destroy()


def two_topics() -> None:
    first = aws.sns.Topic("first")
    aws.iam.Role(
        "second",
        name="not a name!",
        assume_role_policy=programs.trust("lambda"),
        opts=pulumi.ResourceOptions(depends_on=[first]),
    )


def test_a_failed_deployment_can_be_removed(cloud: LocalAws, settings: Settings) -> None:
    with pytest.raises(DeployError) as raised:
        deploy(two_topics, settings, cloud)
    assert str(raised.value).startswith(
        "tests (dev): aws:iam/role:Role 'second': iam CreateRole: InvalidRequest: Value 'not a name!' at 'roleName'"
    )
    assert "\n" not in str(raised.value)
    partial = raised.value.partial
    assert [resource.name for resource in partial.resources] == ["first"]
    partial.destroy()


def test_half_a_resource_is_removed_too(cloud: LocalAws, settings: Settings) -> None:
    empty = '{"Version": "2012-10-17", "Statement": []}'

    def program() -> None:
        policies: Any = [{"name": "none", "policy": empty}]
        aws.iam.Role("half", assume_role_policy=programs.trust("sagemaker"), inline_policies=policies)

    with pytest.raises(DeployError, match=r"Role 'half': iam PutRolePolicy: MalformedPolicyDocument") as raised:
        deploy(program, settings, cloud)
    assert [resource.name for resource in raised.value.partial.resources] == ["half"]
    raised.value.partial.destroy()


def secret_name() -> None:
    name = pulumi.Output.secret("not a name: hunter2")
    aws.iam.Role("role", name=name, assume_role_policy=programs.trust("lambda"))


def unknown_type() -> None:
    aws.ec2.Vpc("network", cidr_block="10.0.0.0/16")


def unknown_input() -> None:
    aws.s3.Bucket("data", cors_rules=[{"allowed_methods": ["GET"], "allowed_origins": ["*"]}])


def unknown_lookup() -> None:
    pulumi.export("zones", aws.get_availability_zones().names)


def misspelt() -> None:
    block: Any = {"image": "i", "modle_data_url": "s3://b/m"}
    aws.sagemaker.Model("m", execution_role_arn="arn:aws:iam::123456789012:role/r", primary_container=block)


def invalid_enum() -> None:
    aws.cloudwatch.MetricAlarm("a", comparison_operator="Above", evaluation_periods=1)


def invalid_native() -> None:
    application: Any = {"image_uri": "x", "problem_type": "Clustering"}
    native.sagemaker.ModelQualityJobDefinition(
        "d",
        role_arn="arn:aws:iam::123456789012:role/r",
        model_quality_app_specification=application,
        job_resources={
            "cluster_config": {"instance_count": 1, "instance_type": "ml.m5.xlarge", "volume_size_in_gb": 20}
        },
        model_quality_job_input={"ground_truth_s3_input": {"s3_uri": "s3://b/p"}},
        model_quality_job_output_config={"monitoring_outputs": []},
    )


def unknown_native() -> None:
    native.cloudwatch.Alarm("a", comparison_operator="GreaterThanThreshold", evaluation_periods=1)


def other_native() -> None:
    native.s3.Bucket("b", bucket_name="some-bucket")


def too_long() -> None:
    aws.sagemaker.Endpoint("e" * 56, endpoint_config_name="c")


def twice() -> None:
    aws.sns.Topic("same")
    aws.sns.Topic("same")


def existing() -> None:
    aws.s3.Bucket.get("mine", "some-bucket")


def raises() -> None:
    raise ValueError("the model is missing")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            unknown_type,
            r"aws:ec2/vpc:Vpc 'network': this resource type is not known: add a create and a delete function",
        ),
        (unknown_input, r"aws:s3/bucket:Bucket 'data': the inputs corsRules are not carried out here: add them to"),
        (
            unknown_lookup,
            r"the provider function aws:index/getAvailabilityZones:getAvailabilityZones is not known: add it",
        ),
        (misspelt, r"CreateModel\.primaryContainer has no member 'modle_data_url'; did you mean 'modelDataUrl'\?$"),
        (invalid_enum, r"cloudwatch PutMetricAlarm: InvalidRequest: Value 'Above' .* enum value set"),
        (invalid_native, r"CloudFormation's schema refuses it: .*ProblemType: 'Clustering' is not one of"),
        (unknown_native, r"AWS::CloudWatch::Alarm: cloudwatch has no operation CreateAlarm; write a handler for it"),
        (other_native, r"AWS::S3::Bucket: s3 CreateBucket does not take BucketName$"),
        (too_long, r"'e{56}-[0-9a-f]{7}' is longer than 63 characters: shorten 'e{56}' or set 'name'$"),
        (twice, r"two resources have the type and name aws:sns/topic:Topic 'same'"),
        (existing, r"aws:s3/bucket:Bucket 'mine': reading what already exists \(some-bucket\) is not carried out here"),
        (raises, r"tests \(dev\): ValueError: the model is missing$"),
        (secret_name, r"^(?!.*hunter2).*iam CreateRole: .*\[secret\]"),
    ],
)
def test_failures_are_one_line_that_names_the_resource_and_the_mend(
    cloud: LocalAws, settings: Settings, program: Callable[[], None], message: str
) -> None:
    with pytest.raises(DeployError, match=message) as raised:
        deploy(program, settings, cloud)
    assert "\n" not in str(raised.value)
    raised.value.partial.destroy()


def test_ctrl_c_ends_what_is_under_way_and_begins_nothing_more(cloud: LocalAws, settings: Settings) -> None:
    def program() -> None:
        first = aws.sns.Topic("first", name="first")
        aws.sns.Topic("second", name="second", opts=pulumi.ResourceOptions(depends_on=[first]))

    def interrupt(event: Event) -> None:
        if event.action == "creating":
            signal.raise_signal(signal.SIGINT)  # Python runs the handler in the main thread, which waits in deploy
            assert interrupted.wait(5)

    interrupted = threading.Event()

    def handler(_signal: int, _frame: Any) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            deploy(program, settings, cloud, on_event=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    (arn,) = inventory(cloud)["sns topic"]
    assert arn.endswith(":first")
    cloud.client("sns").delete_topic(TopicArn=arn)


def test_a_missing_program_is_named(cloud: LocalAws, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"there is no program .*/nothing\.py$"):
        deploy(tmp_path / "nothing.py", settings, cloud)
