"""Who may write what, by IAM's own decision on the policies of deployed stacks.

Somebody who may write captures can forge neither labels nor results, nor change what runs; and code lies where no role
that runs may write. The policy pack says so of policies before they are deployed (`no-writable-code`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import local_aws
from contract import bucket_layout
from local_aws.apply import Deployment, deploy, load_settings
from local_aws.privileges import Grant, grants, role_policies
from tests.open_engine.conftest import PROJECT
from tests.open_engine.labelled import labelled

WRITES = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:RestoreObject",
    "s3:ReplicateObject",
)
OF_BUCKETS = ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutLifecycleConfiguration", "s3:PutBucketVersioning")
CODE = (
    f"{bucket_layout.MONITORING_SCRIPTS}/data-quality/0a1b/record_preprocessor.py",
    f"{bucket_layout.JOB_CODE}/0a1b/drift_tools.zip",
    f"{bucket_layout.MODEL_ARTIFACTS}/0a1b/model.tar.gz",
)
LABELS = f"{bucket_layout.GROUND_TRUTH}/2026/11/24/05/labels.jsonl"
BASELINE = f"{bucket_layout.BASELINE_DATA}/data-quality/0a1b/baseline.csv"
# What runs write; whoever may write captures may write none of it.
OF_RUNS = (
    f"{bucket_layout.BASELINE_RESULTS}/0a1b/constraints.json",
    f"{bucket_layout.MONITORING_RESULTS}/E/E-data-quality/2026/11/24/05/constraint_violations.json",
    f"{bucket_layout.MONITOR_STATE}/E/E-data-quality/2026/11/24/05.json",
    f"{bucket_layout.MONITOR_WINDOWS}/E/E-data-quality/2026/11/24/05.npz",
    f"{bucket_layout.RESPONDER_STATE}/alarms/a.json",
    f"{bucket_layout.FAILURE_NOTES}/E/E-data-quality/20261124T050000Z.json",
    f"{bucket_layout.RESULT_TABLES}/runs/a.jsonl",
    f"{bucket_layout.ENGINE_AGREEMENT}/E/E-data-quality/2026/11/24/05.json",
)
STACKS = ("both engines", "every kind of monitor", "retraining")


def overrides(name: str, folder: Path) -> dict[str, Any]:
    """What is configured beside the dev stack's own."""
    if name == "both engines":
        return {"engine": "both"}
    if name == "retraining":
        source = str(PROJECT / "examples/employment/training")
        return {"engine": "open", "monitoring": {"retraining": {"training": {"source": source}}}}
    data = str(labelled(folder))
    return {
        "engine": "open",
        "monitoring": {
            "bias": {
                "facets": [{"name": "feature_3", "values": ["0.5"]}],
                "positive_labels": ["1"],
                "baseline": {"data": data},
            },
            "attribution": {
                "features": ["feature_1", "feature_2", "feature_3"],
                "score": 1,
                "baseline": {"data": data},
            },
        },
    }


@dataclass
class Stack:
    """A deployed stack's bucket and roles, and IAM to be asked."""

    iam: Any
    bucket: str
    endpoint: str
    roles: Mapping[str, str]
    """ARNs by the logical names of the roles."""

    def may(self, role: str, actions: tuple[str, ...], key: str | None) -> bool:
        """Whether a role may do any of this with an object, or with the bucket."""
        place = f"arn:aws:s3:::{self.bucket}" if key is None else f"arn:aws:s3:::{self.bucket}/{self.named(key)}"
        asked = self.iam.simulate_principal_policy(
            PolicySourceArn=self.roles[role], ActionNames=list(actions), ResourceArns=[place]
        )
        return any(item["EvalDecision"] == "allowed" for item in asked["EvaluationResults"])

    def named(self, key: str) -> str:
        return key.replace("/E/E-", f"/{self.endpoint}/{self.endpoint}-")

    def writers(self, key: str) -> set[str]:
        return {role for role in self.roles if self.may(role, WRITES, key)}

    def granted(self, role: str) -> list[Grant]:
        name = self.roles[role].rpartition("/")[2]
        return list(grants(role, role_policies(self.iam, name)))


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name == "retraining" else [pytest.mark.matrix]) for name in STACKS],
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with local_aws.start(enforce_iam=True, at=datetime(2026, 11, 24, 4, tzinfo=UTC)) as cloud:
        settings = load_settings(PROJECT, "dev", overrides(request.param, tmp_path_factory.mktemp("data")))
        deployment = deploy(PROJECT / "__main__.py", settings, cloud)
        yield Stack(
            cloud.client("iam"),
            deployment.outputs["bucket_name"],
            deployment.outputs["endpoint_name"],
            dict(roles_of(deployment)),
        )
        assert cloud.failures() == []


def roles_of(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for item in deployment.resources:
        if item.type == "aws:iam/role:Role":
            yield item.name, str(item.outputs["arn"])


def test_the_evaluator_is_asked_of_real_roles(stack: Stack) -> None:
    """A wrong ARN or bucket would be refused everything."""
    assert len(stack.roles) >= 8
    results = {role for role in stack.roles if stack.may(role, ("s3:PutObject",), OF_RUNS[1])}
    assert any("monitor" in role for role in results)
    assert stack.may(next(iter(results)), ("s3:PutObject",), OF_RUNS[1])


def test_only_the_models_role_writes_captures(stack: Stack) -> None:
    (writer,) = stack.writers(f"{bucket_layout.CAPTURED_DATA}/{stack.endpoint}/Primary/2026/11/24/05/a.jsonl")
    assert "model-role" in writer


def test_who_may_write_captures_may_write_nothing_else(stack: Stack) -> None:
    (writer,) = stack.writers(f"{bucket_layout.CAPTURED_DATA}/{stack.endpoint}/Primary/2026/11/24/05/a.jsonl")
    for key in (*CODE, LABELS, BASELINE, *OF_RUNS, "anything/else", "captured-data-too/a.jsonl"):
        assert not stack.may(writer, WRITES, key), key
    assert not stack.may(writer, OF_BUCKETS, None)
    # Nor by way of somebody else: a job, a function, another role, a message.
    is_retrained = any("-retraining-" in role for role in stack.roles)
    assert {grant.action for grant in stack.granted(writer)} == {
        *(["cloudwatch:DescribeAlarms"] if is_retrained else []),  # of the one that takes a new model back
        "cloudwatch:PutMetricData",  # of its own namespace
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:PutObject",
    }


def test_a_retraining_writes_its_own_baselines_and_no_other(stack: Stack) -> None:
    own = f"{bucket_layout.BASELINE_DATA}/data-quality/retrained-7/baseline.csv"
    assert stack.writers(own) == {role for role in stack.roles if role.endswith("-retraining-step-role")}


@pytest.mark.parametrize("key", [*CODE, LABELS, BASELINE])
def test_no_role_writes_code_labels_or_baselines_that_were_given(stack: Stack, key: str) -> None:
    assert stack.writers(key) == set()


def test_no_role_changes_the_bucket(stack: Stack) -> None:
    assert {role for role in stack.roles if stack.may(role, OF_BUCKETS, None)} == set()
