"""Providers that a program gives: another account and another region reach everything; what exists is taken over."""

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native
import pytest
from pulumi import automation

import local_aws
from components import ModelMonitoringStack
from examples.demo.deploying import environment_variables
from local_aws.apply import inventory
from local_aws.provider import Plugins, serve
from tests.engine.lab import PROJECT, Lab, cli

# Service, region and account of an ARN that has an account.
ARN = re.compile(r"arn:aws:([a-z0-9-]+):([a-z0-9-]*):(\d{12}):")


def stack(lab: Lab, program: object) -> automation.Stack:
    """A program of the test's own, in this process."""
    options = automation.LocalWorkspaceOptions(pulumi_command=cli(), secrets_provider=lab.secrets_provider or None)
    return automation.create_or_select_stack("test", "small", program=program, opts=options)  # type: ignore[arg-type]


def test_two_providers_in_one_program_keep_their_regions(lab: Lab) -> None:
    def program() -> None:
        west = aws.Provider("west", region="eu-west-1", default_tags={"tags": {"team": "risk"}})
        for name, provider in (("here", None), ("there", west)):
            topic = aws.sns.Topic(name, opts=pulumi.ResourceOptions(provider=provider))
            pulumi.export(name, topic.arn)

    made = stack(lab, program)
    outputs = made.up(show_secrets=False).outputs
    assert outputs["here"].value.split(":")[3] == "us-east-1"
    assert outputs["there"].value.split(":")[3] == "eu-west-1"
    tags = lab.cloud.client("sns", region="eu-west-1").list_tags_for_resource(ResourceArn=outputs["there"].value)[
        "Tags"
    ]
    assert tags == [{"Key": "team", "Value": "risk"}]
    assert made.preview().change_summary == {automation.OpType.SAME: 4}
    made.destroy(show_secrets=False)


OTHER = "210987654321"


@pytest.mark.matrix
def test_another_account_and_region_reaches_everything(tmp_path: Path) -> None:
    """The whole stack, by explicit providers that assume a role of another account: nothing is left in this one."""
    (tmp_path / "plugins").mkdir()
    # Without IAM, which would want the role to exist there before anybody can make it.
    with (
        local_aws.start() as cloud,
        serve(cloud) as serving,
        Plugins(cloud, tmp_path / "plugins") as plugins,
        environment_variables((lab := Lab(tmp_path, cloud, serving, plugins)).variables),
    ):
        _deploy_elsewhere(lab)


def _deploy_elsewhere(lab: Lab) -> None:
    role = f"arn:aws:iam::{OTHER}:role/deploy"
    before = inventory(lab.cloud)

    def program() -> None:
        session = lab.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        there = aws.Provider("there", region="eu-west-1", assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=role)])
        native = aws_native.Provider(
            "native-there",
            region="eu-west-1",
            access_key=session["AccessKeyId"],
            secret_key=session["SecretAccessKey"],
            token=session["SessionToken"],
        )
        args: Any = {
            "engine": "both",
            "baseline": {"data": pulumi.FileAsset(str(PROJECT / "model" / "baseline.csv"))},
            "model_quality": {
                "problem_type": "BinaryClassification",
                "baseline": {"data": pulumi.FileAsset(str(PROJECT / "model" / "baseline_quality.csv"))},
            },
            "alerting": {"emails": ["risk@example.com"]},
            "retain_data": False,
        }
        ModelMonitoringStack("churn", args, pulumi.ResourceOptions(providers=[there, native]))

    made = stack(lab, program)
    made.up(show_secrets=False)
    assert inventory(lab.cloud) == before
    deployment = made.export_stack().deployment
    assert deployment is not None
    resources = deployment["resources"]
    found = {
        (service, region, account)
        for resource in resources
        if not resource["type"].startswith("pulumi:")
        for service, region, account in ARN.findall(json.dumps(resource.get("outputs", {})))
        if service != "ecr"  # the images are AWS's own
    }
    assert {account for _, _, account in found} == {OTHER}
    assert {region for _, region, _ in found} == {"eu-west-1", ""}
    assert len({service for service, _, _ in found}) >= 8
    made.destroy(show_secrets=False)


def test_what_exists_is_imported_and_looked_up(lab: Lab) -> None:
    s3, iam, sns = (lab.cloud.client(service) for service in ("s3", "iam", "sns"))
    s3.create_bucket(Bucket="made-by-hand")
    s3.put_bucket_tagging(Bucket="made-by-hand", Tagging={"TagSet": [{"Key": "team", "Value": "risk"}]})
    others = [item["TopicArn"] for item in sns.list_topics()["Topics"]]
    topic = sns.create_topic(Name="made-by-hand")["TopicArn"]
    admitted = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [admitted]})
    iam.create_role(RoleName="made-by-hand", AssumeRolePolicyDocument=trust)

    def program() -> None:
        kept = pulumi.ResourceOptions(import_="made-by-hand")
        aws.s3.Bucket("data", bucket="made-by-hand", tags={"team": "risk"}, opts=kept)
        aws.iam.Role("role", name="made-by-hand", assume_role_policy=trust, opts=kept)
        pulumi.export("topic", aws.sns.Topic.get("topic", topic).name)

    made = stack(lab, program)
    result = made.up(show_secrets=False)
    assert result.outputs["topic"].value == "made-by-hand"
    assert result.summary.resource_changes == {"create": 1, "import": 2}
    assert made.preview().change_summary == {automation.OpType.SAME: 3}
    made.destroy(show_secrets=False)  # takes the two that were imported, and not what was only looked up
    assert [item["TopicArn"] for item in sns.list_topics()["Topics"]] == [*others, topic]
    sns.delete_topic(TopicArn=topic)


def test_what_does_not_exist_and_what_cannot_be_looked_up_say_so(lab: Lab) -> None:
    def missing() -> None:
        aws.s3.Bucket.get("data", "nobody-made-this")

    def other() -> None:
        aws.cloudwatch.MetricAlarm.get("alarm", "an-alarm")

    with pytest.raises(automation.CommandError, match="nobody-made-this"):
        stack(lab, missing).up()
    with pytest.raises(automation.CommandError, match="bucket, endpoint, role and topic can"):
        stack(lab, other).up()
