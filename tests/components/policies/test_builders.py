"""The five actors' policies, statement by statement."""

from typing import Any

import pytest

from components.alerting.policies import responder_policy
from components.baselines.policies import starter_policy
from components.endpoint.policies import model_policy
from components.functions.policies import metrics_policy
from components.iam.context import AwsContext
from components.iam.statements import lambda_trust, repository_arn, sagemaker_trust
from components.monitors.images import without_tag
from components.monitors.policies import merger_image, monitor_policy

PLACE = AwsContext(partition="aws", region="eu-west-1", account_id="111122223333")
ANALYZER = "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"
MODEL_IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:x"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:x"


def by_sid(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert document["Version"] == "2012-10-17"
    found = {item["Sid"]: item for item in document["Statement"]}
    assert len(found) == len(document["Statement"])
    return found


def test_model() -> None:
    found = by_sid(model_policy(PLACE, bucket="b", endpoint_stem="churn-endpoint", image_uri=MODEL_IMAGE))
    assert found["ReadObjects"]["Resource"] == ["arn:aws:s3:::b/model-artifacts/*"]
    assert found["WriteObjects"]["Resource"] == ["arn:aws:s3:::b/captured-data/*"]
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/churn-endpoint-*"
    assert found["WriteLogs"]["Resource"] == [group, f"{group}:*"]
    assert found["PullImages"]["Resource"] == ["arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-scikit-learn"]
    assert found["PublishMetrics"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": ["/aws/sagemaker/Endpoints"]}
    }
    assert found["LogInToRegistry"]["Action"] == ["ecr:GetAuthorizationToken"]
    assert "ListPrefixes" not in found


def test_monitor() -> None:
    found = by_sid(monitor_policy(PLACE, bucket="b", image_uris=[ANALYZER]))
    assert found["ReadObjects"]["Resource"] == [
        f"arn:aws:s3:::b/{prefix}/*"
        for prefix in ("baseline-data", "captured-data", "ground-truth", "monitoring-results")
    ]
    assert found["WriteObjects"]["Resource"] == [
        "arn:aws:s3:::b/baseline-data/results/*",
        "arn:aws:s3:::b/monitoring-results/*",
    ]
    assert found["ListPrefixes"]["Resource"] == ["arn:aws:s3:::b"]
    assert "captured-data/*" in found["ListPrefixes"]["Condition"]["StringLike"]["s3:prefix"]
    assert not [item for item in found["ListPrefixes"]["Condition"]["StringLike"]["s3:prefix"] if "model-artif" in item]
    assert found["PullImages"]["Resource"] == [
        "arn:aws:ecr:eu-west-1:468650794304:repository/sagemaker-model-monitor-analyzer",
        "arn:aws:ecr:eu-west-1:468650794304:repository/sagemaker-model-monitor-groundtruth-merger",
    ]
    namespaces = found["PublishMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
    assert {"aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"} <= set(namespaces)


def test_starter() -> None:
    role = "arn:aws:iam::111122223333:role/monitor"
    found = by_sid(starter_policy(PLACE, job_stem="churn-baseline", monitor_role_arn=role, log_group_arn=LOGS))
    assert set(found) == {"WriteLogs", "StartBaselineJobs", "PassJobRole"}
    assert found["StartBaselineJobs"]["Resource"] == [
        "arn:aws:sagemaker:eu-west-1:111122223333:processing-job/churn-baseline-*"
    ]
    assert found["PassJobRole"]["Resource"] == [role]


def test_metrics() -> None:
    found = by_sid(
        metrics_policy(PLACE, bucket="b", namespace="ModelMonitoring/churn", log_group_arn=LOGS, dead_letter_arn=QUEUE)
    )
    assert found["KeepDeadLetters"] == {
        "Sid": "KeepDeadLetters",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": [QUEUE],
    }
    assert found["ReadObjects"]["Resource"] == ["arn:aws:s3:::b/monitoring-results/*"]
    assert found["WriteObjects"]["Resource"] == [
        "arn:aws:s3:::b/responder-state/job-failures/*",
        "arn:aws:s3:::b/responder-state/heard-jobs/*",
    ]
    assert found["ReadJobs"]["Action"] == ["sagemaker:DescribeProcessingJob"]


def test_responder() -> None:
    found = by_sid(
        responder_policy(PLACE, bucket="b", notification_topic_arn="t", log_group_arn=LOGS, dead_letter_arn=QUEUE)
    )
    assert found["PublishNotifications"]["Resource"] == ["t"]
    assert found["WriteObjects"]["Resource"] == ["arn:aws:s3:::b/responder-state/alarms/*"]
    assert found["ReadObjects"]["Resource"] == [
        "arn:aws:s3:::b/baseline-data/results/*",
        "arn:aws:s3:::b/monitoring-results/*",
        "arn:aws:s3:::b/responder-state/*",
    ]
    assert found["WriteLogs"]["Resource"] == [f"{LOGS}:*"]
    assert not [action for item in found.values() for action in item["Action"] if action.startswith("sagemaker:")]


def test_trust() -> None:
    assert sagemaker_trust(PLACE)["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"}
    }
    assert lambda_trust(PLACE)["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


@pytest.mark.parametrize(
    ("partition", "uri", "arn"),
    [
        ("aws", MODEL_IMAGE, "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-scikit-learn"),
        (
            "aws-cn",
            "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1",
            "arn:aws-cn:ecr:cn-north-1:450853457545:repository/sagemaker-scikit-learn",
        ),
        ("aws", "1.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:00", "arn:aws:ecr:us-east-1:1:repository/a/b"),
    ],
)
def test_repository_of_an_image(partition: str, uri: str, arn: str) -> None:
    assert repository_arn(AwsContext(partition=partition, region="x", account_id="y"), uri) == arn


def test_images_of_model_monitor() -> None:
    assert without_tag(f"{ANALYZER}:1") == without_tag(ANALYZER) == ANALYZER
    assert merger_image(f"{ANALYZER}:1") == ANALYZER.replace("-analyzer", "-groundtruth-merger")
