"""The bucket and the roles of a stack, on the mocked runtime, with exact values."""

from collections.abc import Callable

import pytest

from tests.components.mocked_runtime import Run
from tests.components.registered import bucket_name
from tests.components.resource_types import BUCKET


class TestStorage:
    def test_bucket_is_named_by_pulumi_and_kept_on_destroy(self, full: Run) -> None:
        bucket = full.one(BUCKET)
        assert "bucket" not in bucket.inputs
        assert bucket.inputs["forceDestroy"] is False
        assert bucket.request.retainOnDelete

    def test_what_protects_a_kept_bucket_is_kept_with_it(self, full: Run) -> None:
        settings = [
            item for item in full.resources if item.type.startswith("aws:s3/bucket") and "Object" not in item.type
        ]
        assert len(settings) == 7
        assert all(item.request.retainOnDelete for item in settings)

    def test_without_retain_data_a_destroy_leaves_nothing(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(retain_data=False)
        assert run.one(BUCKET).inputs["forceDestroy"] is True
        # The files that the program puts into the bucket go with it.
        kept = {item.type for item in run.resources if item.request.retainOnDelete}
        assert kept == {"aws:s3/bucketObjectv2:BucketObjectv2"}

    def test_encrypted(self, full: Run) -> None:
        kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        assert full.one(kind).inputs["rules"] == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]

    def test_versioned(self, full: Run) -> None:
        kind = "aws:s3/bucketVersioning:BucketVersioning"
        assert full.one(kind).inputs["versioningConfiguration"] == {"status": "Enabled"}

    def test_no_public_access_and_no_access_lists(self, full: Run) -> None:
        block = full.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
        assert {key: value for key, value in block.items() if key != "bucket"} == {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }
        ownership = full.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
        assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}

    def test_policy_refuses_what_is_not_tls(self, full: Run) -> None:
        document = full.document("aws:s3/bucketPolicy:BucketPolicy", "-policy", "policy")
        arn = f"arn:aws:s3:::{bucket_name(full)}"
        assert document["Statement"] == [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:*"],
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]

    def test_policy_waits_for_the_public_access_block(self, full: Run) -> None:
        assert "churn-public-access" in full.one("aws:s3/bucketPolicy:BucketPolicy").depends_on

    def test_lifecycle(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(storage={"captured_data_days": 14, "noncurrent_version_days": 7})
        lifecycle = run.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        assert lifecycle.inputs["rules"] == [
            {
                "id": "expire-captured-data",
                "status": "Enabled",
                "filter": {"prefix": "captured-data/"},
                "expiration": {"days": 14},
            },
            {
                "id": "expire-monitoring-results",
                "status": "Enabled",
                "filter": {"prefix": "monitoring-results/"},
                "expiration": {"days": 400},
            },
            {
                "id": "expire-result-tables",
                "status": "Enabled",
                "filter": {"prefix": "result-tables/"},
                "expiration": {"days": 400},
            },
            {
                "id": "expire-engine-agreement",
                "status": "Enabled",
                "filter": {"prefix": "engine-agreement/"},
                "expiration": {"days": 400},
            },
            {
                "id": "expire-stream-state",
                "status": "Enabled",
                "filter": {"prefix": "stream-state/"},
                "expiration": {"days": 400},
            },
            {
                "id": "expire-responder-state",
                "status": "Enabled",
                "filter": {"prefix": "responder-state/"},
                "expiration": {"days": 30},
            },
            {
                "id": "expire-monitor-state",
                "status": "Enabled",
                "filter": {"prefix": "monitor-state/"},
                "expiration": {"days": 30},
            },
            {
                "id": "expire-monitor-windows",
                "status": "Enabled",
                "filter": {"prefix": "monitor-windows/"},
                "expiration": {"days": 730},
            },
            {
                "id": "clean-up",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"expiredObjectDeleteMarker": True},
                "noncurrentVersionExpiration": {"noncurrentDays": 7},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            },
        ]
        assert "churn-versioning" in lifecycle.depends_on

    def test_captures_are_kept_for_90_days_unless_told_otherwise(self, smallest: Run) -> None:
        rules = smallest.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
        assert rules[0]["expiration"] == {"days": 90}
        assert rules[1]["expiration"] == {"days": 400}
        assert rules[7]["expiration"] == {"days": 730}  # what a monitor has learnt
        assert rules[8]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


class TestIdentity:
    def test_one_role_for_each_actor(self, full: Run) -> None:
        names = {item.name for item in full.of_type("aws:iam/role:Role")}
        assert names == {
            "churn-model-role",
            "churn-check-endpoint-role",
            "churn-monitor-role",
            "churn-start-baseline-role",
            "churn-processing-metrics-role",
            "churn-alarm-responder-role",
            "churn-dead-letter-notice-role",
            "churn-monitor-watch-role",
            "churn-watch-schedule-role",
        }
        assert len(full.of_type("aws:iam/rolePolicy:RolePolicy")) == 9

    @pytest.mark.parametrize("actor", ["model", "monitor"])
    def test_sagemaker_is_trusted_for_this_account_only(self, full: Run, actor: str) -> None:
        trust = full.document("aws:iam/role:Role", f"churn-{actor}-role", "assumeRolePolicy")
        assert trust["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ]

    @pytest.mark.parametrize("actor", ["start-baseline", "processing-metrics", "alarm-responder"])
    def test_lambda_is_trusted(self, full: Run, actor: str) -> None:
        trust = full.document("aws:iam/role:Role", f"churn-{actor}-role", "assumeRolePolicy")
        assert [item["Principal"] for item in trust["Statement"]] == [{"Service": "lambda.amazonaws.com"}]

    def test_every_role_is_bounded(self, full: Run, smallest: Run) -> None:
        boundary = "arn:aws:iam::123456789012:policy/boundary"
        assert {item.inputs["permissionsBoundary"] for item in full.of_type("aws:iam/role:Role")} == {boundary}
        assert not any("permissionsBoundary" in item.inputs for item in smallest.of_type("aws:iam/role:Role"))

    def test_no_managed_policies(self, full: Run) -> None:
        assert not any("managedPolicyArns" in item.inputs for item in full.of_type("aws:iam/role:Role"))
        assert not [item for item in full.resources if "PolicyAttachment" in item.type]

    def test_the_starter_may_pass_the_monitors_role_to_sagemaker_and_nothing_else(self, full: Run) -> None:
        policy = full.document("aws:iam/rolePolicy:RolePolicy", "churn-start-baseline-role-policy", "policy")
        passing = [item for item in policy["Statement"] if "iam:PassRole" in item["Action"]]
        assert passing == [
            {
                "Sid": "PassJobRole",
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": [full.one("aws:iam/role:Role", "churn-monitor-role").outputs["arn"]],
                "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            }
        ]

    def test_nobody_uses_a_role_before_its_policy(self, full: Run) -> None:
        users = {
            "churn-model": "churn-model-role-policy",
            "churn-data-quality": "churn-monitor-role-policy",
            "churn-model-quality": "churn-monitor-role-policy",
            "churn-start-baseline": "churn-start-baseline-role-policy",
            "churn-processing-metrics": "churn-processing-metrics-role-policy",
            "churn-alarm-responder": "churn-alarm-responder-role-policy",
            "churn-data-quality-baseline": "churn-monitor-role-policy",
        }
        waiting = {item.name: item.depends_on for item in full.resources if item.name in users}
        assert {name for name, policy in users.items() if policy in waiting[name]} == set(users)
