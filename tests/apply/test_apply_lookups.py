"""Provider functions answer as pulumi-aws does."""

import json
from typing import Any

import pytest

from local_aws import LocalAws
from local_aws.apply import ApplyError, UnsupportedError
from local_aws.apply.calls import Api, clients_of
from local_aws.apply.lookups import LOOKUPS, Lookup


def look_up(cloud: LocalAws, token: str, args: dict[str, Any], region: str = "eu-west-1") -> dict[str, Any]:
    return LOOKUPS[token](Lookup(token, args, Api(clients_of(cloud), region)))


def test_the_callers_identity(cloud: LocalAws) -> None:
    answer = look_up(cloud, "aws:index/getCallerIdentity:getCallerIdentity", {})
    assert answer["accountId"] == answer["id"] == cloud.account_id
    assert answer["arn"].split(":")[4] == cloud.account_id


def test_region_and_partition(cloud: LocalAws) -> None:
    region = look_up(cloud, "aws:index/getRegion:getRegion", {})
    assert (region["name"], region["description"]) == ("eu-west-1", "Europe (Ireland)")
    assert look_up(cloud, "aws:index/getPartition:getPartition", {}, "cn-north-1") == {
        "id": "aws-cn",
        "partition": "aws-cn",
        "dnsSuffix": "amazonaws.com.cn",
        "reverseDnsPrefix": "cn.com.amazonaws",
    }
    with pytest.raises(ApplyError, match="there is no region 'mars-1'"):
        look_up(cloud, "aws:index/getRegion:getRegion", {"region": "mars-1"})


IMAGE = "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage"


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (
            {"repositoryName": "sagemaker-scikit-learn", "imageTag": "1.2-1-cpu-py3"},
            "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            {"repositoryName": "sagemaker-model-monitor-analyzer", "region": "cn-north-1"},
            "453000072557.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-model-monitor-analyzer:1",
        ),
    ],
)
def test_prebuilt_images_are_in_awss_accounts(cloud: LocalAws, args: dict[str, Any], path: str) -> None:
    assert look_up(cloud, IMAGE, args)["registryPath"] == path


def test_unknown_images_are_refused(cloud: LocalAws) -> None:
    with pytest.raises(UnsupportedError, match=r"no accounts known for 'xgboost'; add them .* prebuilt_images\.json"):
        look_up(cloud, IMAGE, {"repositoryName": "xgboost"})
    with pytest.raises(ApplyError, match=r"no registry ID available for region \(mx-central-1\)"):
        look_up(cloud, IMAGE, {"repositoryName": "sagemaker-scikit-learn", "region": "mx-central-1"})


def test_a_policy_document_as_the_provider_writes_it(cloud: LocalAws) -> None:
    base = {"Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    answer = look_up(
        cloud,
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {
            "policyId": "p",
            "sourcePolicyDocuments": [json.dumps(base)],
            "statements": [
                {
                    "sid": "Assume",
                    "actions": ["sts:AssumeRole"],
                    "principals": [
                        {"type": "Service", "identifiers": ["a.amazonaws.com", "b.amazonaws.com"]},
                        {"type": "AWS", "identifiers": ["123456789012"]},
                    ],
                    "conditions": [
                        {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]},
                        {"test": "StringEquals", "variable": "aws:user", "values": ["&{aws:username}", "x"]},
                    ],
                },
                {"sid": "Read", "effect": "Deny", "actions": ["s3:*"], "notResources": ["arn:aws:s3:::b"]},
            ],
        },
    )
    document = {
        "Version": "2012-10-17",
        "Id": "p",
        "Statement": [
            {"Sid": "Read", "Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"},
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"], "AWS": "123456789012"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1", "aws:user": ["${aws:username}", "x"]}},
            },
        ],
    }
    assert json.loads(answer["json"]) == json.loads(answer["minifiedJson"]) == document


def test_anybody_is_written_as_a_star(cloud: LocalAws) -> None:
    statement = {"actions": ["s3:*"], "principals": [{"type": "*", "identifiers": ["*"]}]}
    answer = look_up(cloud, "aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]})
    assert json.loads(answer["json"])["Statement"][0]["Principal"] == "*"


def test_two_source_statements_of_one_name_are_refused(cloud: LocalAws) -> None:
    source = json.dumps({"Statement": {"Sid": "Same", "Effect": "Allow"}})
    with pytest.raises(ApplyError, match="two source documents have a statement 'Same'"):
        look_up(cloud, "aws:iam/getPolicyDocument:getPolicyDocument", {"sourcePolicyDocuments": [source, source]})
