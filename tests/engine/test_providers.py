"""Providers that a program gives: another account and another region reach everything; what exists is taken over."""

import json

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from tests.engine.lab import Lab


def stack(lab: Lab, program: object) -> automation.Stack:
    """A program of the test's own, in this process."""
    return automation.create_or_select_stack("test", "small", program=program)  # type: ignore[arg-type]


def test_two_providers_in_one_program_keep_their_regions(lab: Lab) -> None:
    def program() -> None:
        west = aws.Provider("west", region="eu-west-1", default_tags={"tags": {"team": "risk"}})
        for name, provider in (("here", None), ("there", west)):
            topic = aws.sns.Topic(name, opts=pulumi.ResourceOptions(provider=provider))
            pulumi.export(name, topic.arn)

    made = stack(lab, program)
    outputs = made.up().outputs
    assert outputs["here"].value.split(":")[3] == "us-east-1"
    assert outputs["there"].value.split(":")[3] == "eu-west-1"
    tags = lab.cloud.client("sns", region="eu-west-1").list_tags_for_resource(ResourceArn=outputs["there"].value)[
        "Tags"
    ]
    assert tags == [{"Key": "team", "Value": "risk"}]
    assert made.preview().change_summary == {automation.OpType.SAME: 4}
    made.destroy()


def test_what_exists_is_imported_and_looked_up(lab: Lab) -> None:
    s3, iam, sns = (lab.cloud.client(service) for service in ("s3", "iam", "sns"))
    s3.create_bucket(Bucket="made-by-hand")
    s3.put_bucket_tagging(Bucket="made-by-hand", Tagging={"TagSet": [{"Key": "team", "Value": "risk"}]})
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
    result = made.up()
    assert result.outputs["topic"].value == "made-by-hand"
    assert result.summary.resource_changes == {"create": 1, "import": 2}
    assert made.preview().change_summary == {automation.OpType.SAME: 3}
    made.destroy()  # takes the two that were imported, and not what was only looked up
    assert [item["TopicArn"] for item in sns.list_topics()["Topics"]] == [topic]
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
