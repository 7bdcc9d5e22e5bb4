"""What can be switched on: autoscaling, images, scripts, a network, a key, protection; each with exact values."""

import gzip
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import botocore.session
import pulumi
import pytest

from components.jobs.instance_types import has_local_storage
from components.naming import content_hash
from tests.components.conftest import KEY, PREPROCESSOR
from tests.components.mocked_runtime import Run
from tests.components.resource_types import DATA_QUALITY, MODEL_QUALITY

RunStack = Callable[..., Run]
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
OWN_IMAGE = "210987654321.dkr.ecr.us-east-1.amazonaws.com/scoring/churn:7"


@pytest.fixture(scope="module")
def everything(run_variant: Callable[..., Run]) -> Run:
    return run_variant("everything")


def statements(run: Run, role: str) -> dict[str, dict[str, Any]]:
    document = run.document("aws:iam/rolePolicy:RolePolicy", f"churn-{role}-role-policy", "policy")
    return {item["Sid"]: item for item in document["Statement"]}


class TestAutoscaling:
    def test_target_and_policy(self, everything: Run) -> None:
        endpoint = everything.one("aws:sagemaker/endpoint:Endpoint").outputs["name"]
        place = {
            "serviceNamespace": "sagemaker",
            "resourceId": f"endpoint/{endpoint}/variant/Primary",
            "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        target = everything.one("aws:appautoscaling/target:Target").inputs
        assert {key: value for key, value in target.items() if key != "tags"} == {
            **place,
            "minCapacity": 1,
            "maxCapacity": 4,
        }
        assert everything.one("aws:appautoscaling/policy:Policy").inputs == {
            **place,
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "targetValue": 1000,
                "scaleInCooldown": 300,
                "scaleOutCooldown": 60,
            },
        }

    def test_it_goes_before_the_endpoint_goes(self, everything: Run) -> None:
        assert "churn-endpoint" in everything.one("aws:appautoscaling/target:Target").depends_on
        assert "churn-scaling-target" in everything.one("aws:appautoscaling/policy:Policy").depends_on


class TestImage:
    def test_an_image_with_the_model_in_it(self, run_stack: RunStack) -> None:
        run = run_stack(
            endpoint={
                "image_uri": OWN_IMAGE,
                "environment": {"WORKERS": "4"},
                "volume_size_in_gb": 30,
                "model_data_download_timeout_in_seconds": 600,
                "container_startup_health_check_timeout_in_seconds": 300,
            }
        )
        container = run.one("aws:sagemaker/model:Model").inputs["primaryContainer"]
        assert container == {"image": OWN_IMAGE, "environment": {"WORKERS": "4"}}
        assert not [item for item in run.resources if item.name == "churn-archive"]
        assert statements(run, "model")["PullImages"]["Resource"] == [
            "arn:aws:ecr:us-east-1:210987654321:repository/scoring/churn"
        ]
        assert not [call for call in run.calls if call.args.get("repositoryName") == "sagemaker-scikit-learn"]
        [variant] = run.one(CONFIGURATION).inputs["productionVariants"]
        assert variant["volumeSizeInGb"] == 30
        assert variant["modelDataDownloadTimeoutInSeconds"] == 600
        assert variant["containerStartupHealthCheckTimeoutInSeconds"] == 300

    def test_environment_of_the_scikit_learn_image_is_added_to(self, run_stack: RunStack, model_archive: Path) -> None:
        run = run_stack(endpoint={"model": pulumi.FileAsset(str(model_archive)), "environment": {"WORKERS": "4"}})
        environment = run.one("aws:sagemaker/model:Model").inputs["primaryContainer"]["environment"]
        assert environment["WORKERS"] == "4"
        assert environment["SAGEMAKER_PROGRAM"] == "inference.py"


class TestScripts:
    def test_uploaded_under_their_content_and_run(self, everything: Run) -> None:
        bucket = everything.one("aws:s3/bucket:Bucket").outputs["bucket"]
        uris = {}
        for kind in ("data-quality", "model-quality"):
            stored = everything.one("aws:s3/bucketObjectv2:BucketObjectv2", f"churn-{kind}-preprocessor").inputs
            key = f"monitoring-scripts/churn-{kind}/{content_hash(PREPROCESSOR)}/record_preprocessor.py"
            assert stored["key"] == key
            uris[kind] = f"s3://{bucket}/{key}"
        data_quality = everything.one(DATA_QUALITY).inputs["dataQualityAppSpecification"]
        assert data_quality["recordPreprocessorSourceUri"] == uris["data-quality"]
        native = everything.one(MODEL_QUALITY).inputs["modelQualityAppSpecification"]
        assert native["recordPreprocessorSourceUri"] == uris["model-quality"]
        assert (
            f"arn:aws:s3:::{bucket}/monitoring-scripts/*"
            in statements(everything, "monitor")["ReadObjects"]["Resource"]
        )

    def test_without_scripts_nobody_may_read_any(self, full: Run) -> None:
        assert "monitoring-scripts" not in json.dumps(statements(full, "monitor"))

    def test_another_script_makes_another_definition(self, full: Run, run_stack: RunStack) -> None:
        other = pulumi.StringAsset(PREPROCESSOR + "# other\n")
        scripts = {
            run.one(DATA_QUALITY).inputs["dataQualityAppSpecification"].get("recordPreprocessorSourceUri")
            for run in (
                run_stack(data_quality={"record_preprocessor": other}),
                run_stack(data_quality={"record_preprocessor": pulumi.StringAsset(PREPROCESSOR)}),
                full,
            )
        }
        assert len(scripts) == 3


class TestNetwork:
    VPC = {"subnets": ["subnet-0a", "subnet-0b"], "securityGroupIds": ["sg-0c"]}  # noqa: RUF012 - read only

    def test_everything_that_runs_containers_is_in_it(self, everything: Run) -> None:
        wanted = {
            "enableInterContainerTrafficEncryption": True,
            "enableNetworkIsolation": True,
            "vpcConfig": self.VPC,
        }
        assert everything.one("aws:sagemaker/model:Model").inputs["vpcConfig"] == self.VPC
        assert everything.one(DATA_QUALITY).inputs["networkConfig"] == wanted
        assert everything.one(MODEL_QUALITY).inputs["networkConfig"] == wanted
        for kind in ("data-quality", "model-quality"):
            event = everything.document("aws:lambda/invocation:Invocation", f"churn-{kind}-baseline", "input")
            assert event["request"]["NetworkConfig"] == {
                "EnableInterContainerTrafficEncryption": True,
                "EnableNetworkIsolation": True,
                "VpcConfig": {"Subnets": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0c"]},
            }

    @pytest.mark.parametrize("role", ["model", "monitor"])
    def test_their_roles_may_join_these_subnets_only(self, everything: Run, role: str) -> None:
        found = statements(everything, role)
        place = "arn:aws:ec2:us-east-1:123456789012"
        assert found["JoinVpc"]["Action"] == ["ec2:CreateNetworkInterface"]
        assert found["JoinVpc"]["Resource"] == [
            f"{place}:network-interface/*",
            # Of whatever account: in a shared VPC they are their owner's.
            "arn:aws:ec2:us-east-1:*:subnet/subnet-0a",
            "arn:aws:ec2:us-east-1:*:subnet/subnet-0b",
            "arn:aws:ec2:us-east-1:*:security-group/sg-0c",
        ]
        assert found["UseNetworkInterfaces"]["Resource"] == [f"{place}:network-interface/*"]
        assert all(action.startswith("ec2:Describe") for action in found["DescribeVpc"]["Action"])

    def test_without_it_nothing_is_said_of_networks(self, full: Run) -> None:
        assert "networkConfig" not in full.one(DATA_QUALITY).inputs
        assert "networkConfig" not in full.one(MODEL_QUALITY).inputs
        assert "vpcConfig" not in full.one("aws:sagemaker/model:Model").inputs
        assert "JoinVpc" not in statements(full, "monitor")


class TestKey:
    def test_the_bucket(self, everything: Run) -> None:
        kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        assert everything.one(kind).inputs["rules"] == [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
                "bucketKeyEnabled": True,
            }
        ]

    def test_the_endpoint(self, everything: Run) -> None:
        configuration = everything.one(CONFIGURATION).inputs
        assert configuration["kmsKeyArn"] == configuration["dataCaptureConfig"]["kmsKeyId"] == KEY

    def test_the_jobs(self, everything: Run) -> None:
        definitions = (
            (everything.one(DATA_QUALITY).inputs, "dataQualityJobOutputConfig"),
            (everything.one(MODEL_QUALITY).inputs, "modelQualityJobOutputConfig"),
        )
        for definition, output in definitions:
            assert definition[output]["kmsKeyId"] == KEY
            assert definition["jobResources"]["clusterConfig"]["volumeKmsKeyId"] == KEY
        event = everything.document("aws:lambda/invocation:Invocation", "churn-data-quality-baseline", "input")
        assert event["request"]["ProcessingOutputConfig"]["KmsKeyId"] == KEY
        assert event["request"]["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY

    @pytest.mark.parametrize(
        ("kind", "key", "number"),
        [
            ("aws:lambda/function:Function", "kmsKeyArn", 6),
            ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", 6),
            ("aws:sqs/queue:Queue", "kmsMasterKeyId", 4),
            ("aws:sns/topic:Topic", "kmsMasterKeyId", 2),
        ],
    )
    def test_functions_queues_and_topics(self, everything: Run, kind: str, key: str, number: int) -> None:
        assert [item.inputs.get(key) for item in everything.of_type(kind)] == [KEY] * number
        assert not any(item.inputs.get("sqsManagedSseEnabled") for item in everything.of_type(kind))

    @pytest.mark.parametrize("role", ["model", "monitor", "start-baseline", "processing-metrics", "alarm-responder"])
    def test_who_uses_it_may(self, everything: Run, role: str) -> None:
        found = statements(everything, role)
        assert found["UseKey"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert found["UseKey"]["Resource"] == [KEY]
        if role in {"model", "monitor"}:  # functions have no volumes
            assert found["CreateKeyGrants"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
            assert found["CreateKeyGrants"]["Action"] == ["kms:CreateGrant"]  # the condition is of grants only
            assert found["CreateKeyGrants"]["Resource"] == [KEY]
            assert found["DescribeKey"]["Resource"] == [KEY]
            assert "Condition" not in found["DescribeKey"]

    def test_without_one_nobody_may_use_any(self, full: Run) -> None:
        for item in full.of_type("aws:iam/rolePolicy:RolePolicy"):
            assert "kms:" not in item.inputs["policy"], item.name

    def test_disks_that_encrypt_themselves_get_none(self, run_stack: RunStack, model_archive: Path) -> None:
        run = run_stack(
            kms_key_arn=KEY,
            endpoint={"model": pulumi.FileAsset(str(model_archive)), "instance_type": "ml.g5.xlarge"},
            data_quality={"instance_type": "ml.g5.xlarge"},
        )
        assert "kmsKeyArn" not in run.one(CONFIGURATION).inputs
        assert run.one(CONFIGURATION).inputs["dataCaptureConfig"]["kmsKeyId"] == KEY
        assert "volumeKmsKeyId" not in run.one(DATA_QUALITY).inputs["jobResources"]["clusterConfig"]


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        *((f"ml.{family}.xlarge", True) for family in ("m5d", "c5d", "r5dn", "g4dn", "g5", "g6", "p4d", "p5", "i3en")),
        *((f"ml.{family}.xlarge", False) for family in ("m5", "t2", "c5n", "m7i", "r6g", "inf2", "p3", "p2", "c7g")),
    ],
)
def test_instances_with_disks_of_their_own(instance_type: str, local: bool) -> None:
    assert has_local_storage(instance_type) is local


def test_disks_of_every_type_that_sagemaker_has() -> None:
    """Against EC2's DescribeInstanceTypes, of which moto has a copy; a few of SageMaker's families are not in it."""
    known = json.loads(gzip.decompress((files("moto.ec2") / "resources" / "instance_types.json.gz").read_bytes()))
    shapes = ("ProductionVariantInstanceType", "ProcessingInstanceType")
    model = botocore.session.get_session().get_service_model("sagemaker")
    offered = {name.removeprefix("ml.") for shape in shapes for name in model.shape_for(shape).enum}
    compared = offered & known.keys()
    assert len(compared) > 150
    wrong = {
        name for name in compared if has_local_storage(f"ml.{name}") is not known[name]["InstanceStorageSupported"]
    }
    assert wrong == set()


def test_protection_of_bucket_and_endpoint_alone(everything: Run, full: Run) -> None:
    """What an update replaces must not be protected: model, configuration and definitions could then not go."""
    assert {item.name for item in everything.resources if item.request.protect} == {"churn-data", "churn-endpoint"}
    assert not any(item.request.protect for item in full.resources)
