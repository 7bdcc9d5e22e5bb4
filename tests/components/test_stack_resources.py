"""Each row of the stack's table, on the mocked runtime, with exact values.

A mocked run shows what the engine is asked for. It does not show that AWS accepts it; validation against AWS's own
models is in test_native_schemas.py and test_baseline_request.py.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.archives.function import function_files
from tests.components.mocked_runtime import Run

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
DATA_QUALITY = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
MODEL_QUALITY = "aws-native:sagemaker:ModelQualityJobDefinition"
INVOCATION = "aws:lambda/invocation:Invocation"
TOPIC = "aws:sns/topic:Topic"


def bucket_name(run: Run) -> str:
    return str(run.one(BUCKET).outputs["bucket"])


def endpoint_name(run: Run) -> str:
    return str(run.one("aws:sagemaker/endpoint:Endpoint").outputs["name"])


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


class TestModel:
    def test_archive_lies_under_its_content(self, full: Run, model_archive: Path) -> None:
        archive = full.one("aws:s3/bucketObjectv2:BucketObjectv2", "-archive").inputs
        folder = model_archive.parent.name
        assert archive["key"] == f"model-artifacts/{folder}/model.tar.gz"
        assert archive["source"].path == str(model_archive)

    def test_container(self, full: Run) -> None:
        model = full.one("aws:sagemaker/model:Model").inputs
        key = full.one("aws:s3/bucketObjectv2:BucketObjectv2", "-archive").inputs["key"]
        assert model["primaryContainer"] == {
            "image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
            "modelDataUrl": f"s3://{bucket_name(full)}/{key}",
            "environment": {
                "PIP_NO_BUILD_ISOLATION": "0",
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
            },
        }
        assert model["enableNetworkIsolation"] is True
        assert model["executionRoleArn"] == full.one("aws:iam/role:Role", "churn-model-role").outputs["arn"]

    def test_image_tag_can_be_chosen(self, run_stack: Callable[..., Run], model_archive: Path) -> None:
        run = run_stack(endpoint={"model": pulumi.FileAsset(str(model_archive)), "image_tag": "1.2-1-cpu-py3"})
        image = run.one("aws:sagemaker/model:Model").inputs["primaryContainer"]["image"]
        assert image.endswith("/sagemaker-scikit-learn:1.2-1-cpu-py3")

    def test_another_model_gets_another_address(self, run_stack: Callable[..., Run], tmp_path: Path) -> None:
        keys = set()
        for number in (1, 2):
            path = tmp_path / f"{number}.tar.gz"
            path.write_bytes(b"\x1f\x8b" + bytes([number]))
            run = run_stack(endpoint={"model": pulumi.FileAsset(str(path))})
            keys.add(run.one("aws:s3/bucketObjectv2:BucketObjectv2", "-archive").inputs["key"])
        assert len(keys) == 2


class TestEndpoint:
    def test_variant(self, full: Run) -> None:
        configuration = full.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs
        assert configuration["productionVariants"] == [
            {
                "variantName": "Primary",
                "modelName": full.one("aws:sagemaker/model:Model").outputs["name"],
                "initialInstanceCount": 1,
                "instanceType": "ml.t2.medium",
                "initialVariantWeight": 1,
            }
        ]
        assert "kmsKeyArn" not in configuration

    def test_data_capture(self, full: Run) -> None:
        configuration = full.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs
        assert configuration["dataCaptureConfig"] == {
            "enableCapture": True,
            "initialSamplingPercentage": 100,
            "destinationS3Uri": f"s3://{bucket_name(full)}/captured-data",
            "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
            "captureContentTypeHeader": {
                "csvContentTypes": ["text/csv"],
                "jsonContentTypes": ["application/json", "application/jsonlines"],
            },
        }

    def test_endpoint_uses_the_configuration(self, full: Run) -> None:
        configuration = full.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").outputs["name"]
        assert full.one("aws:sagemaker/endpoint:Endpoint").inputs["endpointConfigName"] == configuration

    def test_everything_about_it_can_be_chosen(self, run_stack: Callable[..., Run], model_archive: Path) -> None:
        run = run_stack(
            endpoint={
                "model": pulumi.FileAsset(str(model_archive)),
                "instance_type": "ml.m5.large",
                "instance_count": 2.0,  # as Pulumi's wire format has whole numbers
                "variant_name": "Blue",
                "sampling_percentage": 20,
                "csv_content_types": ["text/csv", "application/csv"],
                "json_content_types": ["application/json"],
                "network_isolation": False,
            }
        )
        configuration = run.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs
        variant, capture = configuration["productionVariants"][0], configuration["dataCaptureConfig"]
        assert (variant["variantName"], variant["instanceType"]) == ("Blue", "ml.m5.large")
        assert variant["initialInstanceCount"] == 2
        assert capture["initialSamplingPercentage"] == 20
        assert capture["captureContentTypeHeader"] == {
            "csvContentTypes": ["text/csv", "application/csv"],
            "jsonContentTypes": ["application/json"],
        }
        assert run.one("aws:sagemaker/model:Model").inputs["enableNetworkIsolation"] is False


class TestBaseline:
    def request(self, run: Run, kind: str = "data-quality") -> dict[str, Any]:
        event = run.document(INVOCATION, f"churn-{kind}-baseline", "input")
        request: dict[str, Any] = event["request"]
        return request

    def test_job(self, full: Run) -> None:
        request = self.request(full)
        assert request["AppSpecification"] == {"ImageUri": ANALYZER}
        assert request["ProcessingResources"] == {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        }
        assert request["Environment"] == {
            "dataset_format": '{"csv":{"header":true,"output_columns_position":"START"}}',
            "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
            "output_path": "/opt/ml/processing/output",
            "publish_cloudwatch_metrics": "Disabled",
            "model_monitoring_endpoint": endpoint_name(full),
            "model_monitoring_schedule": f"{endpoint_name(full)}-data-quality",
        }
        assert request["RoleArn"] == full.one("aws:iam/role:Role", "churn-monitor-role").outputs["arn"]

    def test_job_reads_the_data_that_were_uploaded(self, full: Run, baseline_csv: Path) -> None:
        data = full.one("aws:s3/bucketObjectv2:BucketObjectv2", "churn-data-quality-baseline-data").inputs
        assert data["source"].path == str(baseline_csv)
        assert data["key"].startswith("baseline-data/data-quality/")
        [job_input] = self.request(full)["ProcessingInputs"]
        assert job_input["S3Input"]["S3Uri"] == f"s3://{bucket_name(full)}/{data['key']}"
        assert "churn-data-quality-baseline-data" in full.one(INVOCATION, "churn-data-quality-baseline").depends_on

    def test_results_lie_where_the_monitor_looks_for_them(self, full: Run) -> None:
        [output] = self.request(full)["ProcessingOutputConfig"]["Outputs"]
        definition = full.one(DATA_QUALITY).inputs["dataQualityBaselineConfig"]
        results = output["S3Output"]["S3Uri"]
        assert definition["statisticsResource"]["s3Uri"] == f"{results}/statistics.json"
        assert definition["constraintsResource"]["s3Uri"] == f"{results}/constraints.json"
        assert results.startswith(f"s3://{bucket_name(full)}/baseline-data/results/")

    def test_model_quality_job(self, full: Run) -> None:
        environment = self.request(full, "model-quality")["Environment"]
        assert environment["analysis_type"] == "MODEL_QUALITY"
        assert environment["problem_type"] == "BinaryClassification"
        assert environment["inference_attribute"] == "prediction"
        assert environment["probability_attribute"] == "probability"
        assert environment["ground_truth_attribute"] == "label"
        assert environment["model_monitoring_schedule"] == f"{endpoint_name(full)}-model-quality"

    def test_without_labels_there_is_one_job(self, run_stack: Callable[..., Run], smallest: Run) -> None:
        unlabelled = run_stack(model_quality={"problem_type": "BinaryClassification"})
        for run in (smallest, unlabelled):
            jobs = [item.name for item in run.of_type(INVOCATION) if item.name.endswith("-baseline")]
            assert jobs == ["churn-data-quality-baseline"]
        assert "modelQualityBaselineConfig" not in unlabelled.one(MODEL_QUALITY).inputs

    def test_an_endpoint_that_was_not_updated_fails_the_deployment(self, full: Run) -> None:
        """What is to be deleted is deleted when everything else has been done; so it stays."""
        checked = full.one(INVOCATION, "churn-endpoint-checked")
        assert json.loads(checked.inputs["input"]) == {
            "endpoint": full.one("aws:sagemaker/endpoint:Endpoint").outputs["name"],
            "configuration": full.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").outputs["name"],
        }
        assert "churn-endpoint" in checked.depends_on
        function = full.one(FUNCTION, "churn-check-endpoint")
        assert checked.inputs["functionName"] == function.outputs["name"]
        policy = full.document("aws:iam/rolePolicy:RolePolicy", "churn-check-endpoint-role-policy", "policy")
        [right] = [item for item in policy["Statement"] if item["Sid"] == "SeeWhatRuns"]
        assert right["Action"] == ["sagemaker:DescribeEndpoint"]
        assert right["Resource"] == [full.one("aws:sagemaker/endpoint:Endpoint").outputs["arn"]]

    def test_started_by_the_deployment_and_not_waited_for(self, full: Run) -> None:
        for kind in ("data-quality", "model-quality"):
            invocation = full.one(INVOCATION, f"churn-{kind}-baseline")
            starter = full.one(FUNCTION, "churn-start-baseline").outputs["name"]
            assert invocation.inputs["functionName"] == starter
        waiting_for_a_job = [item.name for item in full.resources if "churn-data-quality-baseline" in item.depends_on]
        assert waiting_for_a_job == []

    def test_run_again_when_the_data_change(
        self, full: Run, run_stack: Callable[..., Run], tmp_path: Path, baseline_csv: Path
    ) -> None:
        changed = tmp_path / "baseline.csv"
        changed.write_bytes(baseline_csv.read_bytes() + b"1,0.8,52\n")
        run = run_stack(baseline={"data": pulumi.FileAsset(str(changed))})
        before, after = (item.one(INVOCATION, "churn-data-quality-baseline").inputs["triggers"] for item in (full, run))
        assert before["source_hash"] != after["source_hash"]
        before_uri, after_uri = (
            item.one(DATA_QUALITY).inputs["dataQualityBaselineConfig"]["statisticsResource"]["s3Uri"].split("/")[-2]
            for item in (full, run)
        )
        assert before_uri != after_uri

    def test_run_again_as_another_attempt_and_not_on_another_machine(
        self, full: Run, run_stack: Callable[..., Run], baseline_csv: Path
    ) -> None:
        data = pulumi.FileAsset(str(baseline_csv))
        first = self.request(full)["ProcessingJobName"]
        bigger = self.request(run_stack(baseline={"data": data, "instance_type": "ml.m5.2xlarge"}))
        again = self.request(run_stack(baseline={"data": data, "attempt": 2}))
        assert bigger["ProcessingJobName"] == first
        assert bigger["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.2xlarge"
        assert again["ProcessingJobName"] != first
        assert again["ProcessingOutputConfig"] == bigger["ProcessingOutputConfig"]


class TestDataQuality:
    def test_definition(self, full: Run) -> None:
        definition = full.one(DATA_QUALITY).inputs
        assert definition["dataQualityAppSpecification"] == {
            "imageUri": ANALYZER,
            "environment": {"publish_cloudwatch_metrics": "Enabled"},
        }
        assert definition["dataQualityJobInput"] == {
            "endpointInput": {
                "endpointName": endpoint_name(full),
                "localPath": "/opt/ml/processing/input/endpoint",
                "s3InputMode": "File",
                "s3DataDistributionType": "FullyReplicated",
            }
        }
        assert definition["dataQualityJobOutputConfig"] == {
            "monitoringOutputs": {
                "s3Output": {
                    "s3Uri": f"s3://{bucket_name(full)}/monitoring-results",
                    "localPath": "/opt/ml/processing/output",
                    "s3UploadMode": "EndOfJob",
                }
            }
        }
        assert definition["jobResources"] == {
            "clusterConfig": {"instanceCount": 1, "instanceType": "ml.m5.xlarge", "volumeSizeInGb": 20}
        }
        assert definition["stoppingCondition"] == {"maxRuntimeInSeconds": 3600}
        assert definition["roleArn"] == full.one("aws:iam/role:Role", "churn-monitor-role").outputs["arn"]

    def test_schedule(self, full: Run) -> None:
        schedule = full.one(SCHEDULE, "churn-data-quality-schedule")
        assert schedule.inputs["name"] == f"{endpoint_name(full)}-data-quality"
        assert schedule.inputs["monitoringScheduleConfig"] == {
            "monitoringType": "DataQuality",
            "monitoringJobDefinitionName": full.one(DATA_QUALITY).outputs["name"],
            "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
        }
        # On a destroy the other way round: schedule, definition, endpoint, as SageMaker wants it.
        assert {"churn-data-quality", "churn-endpoint"} <= schedule.depends_on
        assert "churn-endpoint" in full.one(DATA_QUALITY).depends_on

    def test_settings(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(
            data_quality={
                "schedule_expression": "cron(0 3 ? * * *)",
                "instance_type": "ml.m5.4xlarge",
                "volume_size_in_gb": 50,
                "max_runtime_in_seconds": 3000,
            }
        )
        config = run.one(SCHEDULE, "churn-data-quality-schedule").inputs["monitoringScheduleConfig"]
        assert config["scheduleConfig"] == {"scheduleExpression": "cron(0 3 ? * * *)"}
        definition = run.one(DATA_QUALITY).inputs
        assert definition["jobResources"] == {
            "clusterConfig": {"instanceCount": 1, "instanceType": "ml.m5.4xlarge", "volumeSizeInGb": 50}
        }
        assert definition["stoppingCondition"] == {"maxRuntimeInSeconds": 3000}


class TestModelQuality:
    def test_definition(self, full: Run) -> None:
        definition = full.one(MODEL_QUALITY).inputs
        assert definition["modelQualityAppSpecification"] == {
            "imageUri": ANALYZER,
            "problemType": "BinaryClassification",
            "environment": {"publish_cloudwatch_metrics": "Enabled"},
        }
        assert definition["modelQualityJobInput"] == {
            "endpointInput": {
                "endpointName": endpoint_name(full),
                "localPath": "/opt/ml/processing/input/endpoint",
                "s3InputMode": "File",
                "s3DataDistributionType": "FullyReplicated",
                "inferenceAttribute": "0",
                "probabilityAttribute": "1",
                "probabilityThresholdAttribute": 0.5,
                # At 06:00: from 06:00 of the day before to now.
                "startTimeOffset": "-P1D",
                "endTimeOffset": "-PT0H",
            },
            "groundTruthS3Input": {"s3Uri": f"s3://{bucket_name(full)}/ground-truth"},
        }
        results = full.document(INVOCATION, "churn-model-quality-baseline", "input")["request"][
            "ProcessingOutputConfig"
        ]["Outputs"][0]["S3Output"]["S3Uri"]
        assert definition["modelQualityBaselineConfig"] == {
            "constraintsResource": {"s3Uri": f"{results}/constraints.json"}
        }
        assert "/baseline-data/results/model-quality-" in results
        assert definition["stoppingCondition"] == {"maxRuntimeInSeconds": 1800}

    def test_schedule(self, full: Run) -> None:
        schedule = full.one(SCHEDULE, "churn-model-quality-schedule")
        assert schedule.inputs["name"] == f"{endpoint_name(full)}-model-quality"
        assert schedule.inputs["monitoringScheduleConfig"] == {
            "monitoringType": "ModelQuality",
            "monitoringJobDefinitionName": full.one(MODEL_QUALITY).outputs["jobDefinitionName"],
            "scheduleConfig": {"scheduleExpression": "cron(0 6 ? * * *)"},
        }
        assert {"churn-model-quality", "churn-endpoint"} <= schedule.depends_on

    def test_regression_has_no_probability(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(model_quality={"problem_type": "Regression"})
        endpoint_input = run.one(MODEL_QUALITY).inputs["modelQualityJobInput"]["endpointInput"]
        assert endpoint_input["inferenceAttribute"] == "0"
        assert not [key for key in endpoint_input if key.startswith("probability")]

    def test_tags_are_a_list(self, full: Run) -> None:
        assert full.one(MODEL_QUALITY).inputs["tags"] == [
            {"key": "environment", "value": "test"},
            {"key": "team", "value": "risk"},
        ]

    def test_without_the_argument_there_is_none(self, smallest: Run) -> None:
        assert smallest.of_type(MODEL_QUALITY) == []
        assert len(smallest.of_type(SCHEDULE)) == 1
        # Violations, failures, silence, no data; dead letters of the responder, the job metrics and the watch.
        assert len(smallest.of_type(ALARM)) == 7


class TestAlerting:
    def test_two_topics(self, full: Run) -> None:
        assert {item.name for item in full.of_type(TOPIC)} == {"churn-alarms", "churn-notifications"}

    def test_notifications_are_encrypted_and_alarms_can_get_in(self, full: Run) -> None:
        assert full.one(TOPIC, "churn-notifications").inputs["kmsMasterKeyId"] == "alias/aws/sns"
        # CloudWatch may not use the AWS-managed key: an encrypted alarm topic would swallow every alarm.
        assert "kmsMasterKeyId" not in full.one(TOPIC, "churn-alarms").inputs

    def test_only_this_stacks_alarms_publish_to_the_alarm_topic(self, full: Run) -> None:
        policy = full.document("aws:sns/topicPolicy:TopicPolicy", "churn-alarms-policy", "policy")
        topic = full.one(TOPIC, "churn-alarms").outputs["arn"]
        allowed, denied = policy["Statement"]
        assert allowed == {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": [topic],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:churn-*"},
            },
        }
        assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    def test_only_the_responder_publishes_to_people(self, full: Run) -> None:
        policy = full.document("aws:sns/topicPolicy:TopicPolicy", "churn-notifications-policy", "policy")
        role = full.one("aws:iam/role:Role", "churn-alarm-responder-role").outputs["arn"]
        assert [item["Principal"] for item in policy["Statement"] if item["Effect"] == "Allow"] == [{"AWS": role}]

    def test_the_responder_listens_to_alarms_and_not_to_itself(self, full: Run) -> None:
        subscription = full.one("aws:sns/topicSubscription:TopicSubscription", "-alarms-responder").inputs
        assert subscription == {
            "topic": full.one(TOPIC, "churn-alarms").outputs["arn"],
            "protocol": "lambda",
            "endpoint": full.one(FUNCTION, "churn-alarm-responder").outputs["arn"],
        }

    def test_email(self, full: Run, smallest: Run) -> None:
        kind = "aws:sns/topicSubscription:TopicSubscription"
        emails = [item.inputs for item in full.of_type(kind) if item.inputs["protocol"] == "email"]
        assert emails == [
            {
                "topic": full.one(TOPIC, "churn-notifications").outputs["arn"],
                "protocol": "email",
                "endpoint": "risk@example.com",
            }
        ]
        assert [item.inputs["protocol"] for item in smallest.of_type(kind)] == ["lambda", "lambda"]

    def test_an_address_that_is_added_first_leaves_the_others_alone(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(alerting={"emails": ["first@example.com", "risk@example.com"]})
        again = run_stack(alerting={"emails": ["risk@example.com"]})
        kind = "aws:sns/topicSubscription:TopicSubscription"
        before, after = ({item.inputs["endpoint"]: item.name for item in found.of_type(kind)} for found in (again, run))
        assert before["risk@example.com"] == after["risk@example.com"]


class TestResponder:
    def test_function(self, full: Run) -> None:
        function = full.one(FUNCTION, "churn-alarm-responder").inputs
        assert function["runtime"] == "python3.13"
        assert function["architectures"] == ["arm64"]
        assert function["handler"] == "functions.alarm_responder.handler.handler"
        assert (function["timeout"], function["memorySize"]) == (60, 512)
        assert "reservedConcurrentExecutions" not in function

    def test_environment(self, full: Run) -> None:
        variables = dict(full.one(FUNCTION, "churn-alarm-responder").inputs["environment"]["variables"])
        schedule = f"{endpoint_name(full)}-data-quality"
        statistics = variables.pop("BASELINE_STATISTICS")
        assert json.loads(variables.pop("WINDOW_HOURS")) == {schedule: 1, f"{endpoint_name(full)}-model-quality": 24}
        assert variables == {
            "BUCKET_NAME": bucket_name(full),
            "RESULTS_PREFIX": "monitoring-results",
            "STATE_PREFIX": "responder-state",
            "NOTIFICATION_TOPIC_ARN": full.one(TOPIC, "churn-notifications").outputs["arn"],
            "NOTIFY_ON_OK": "true",
            "DASHBOARD_URL": "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
            f"#dashboards/dashboard/{endpoint_name(full)}-monitoring-us-east-1",
        }
        [(found, uri)] = json.loads(statistics).items()
        assert found == schedule
        assert uri.startswith(f"s3://{bucket_name(full)}/baseline-data/results/")
        assert uri.endswith("/statistics.json")

    def test_log_group_with_retention(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(log_retention_in_days=7)
        assert {item.inputs["retentionInDays"] for item in run.of_type("aws:cloudwatch/logGroup:LogGroup")} == {7}
        for name in ("alarm-responder", "processing-metrics", "start-baseline"):
            group = run.one("aws:cloudwatch/logGroup:LogGroup", f"churn-{name}-logs").outputs["name"]
            assert run.one(FUNCTION, f"churn-{name}").inputs["loggingConfig"] == {
                "logFormat": "JSON",
                "logGroup": group,
            }

    @pytest.mark.parametrize("name", ["alarm-responder", "processing-metrics"])
    def test_dead_letters_and_retries(self, full: Run, name: str) -> None:
        queue = full.one("aws:sqs/queue:Queue", f"churn-{name}-dead-letters")
        assert queue.inputs["sqsManagedSseEnabled"] is True
        assert queue.inputs["messageRetentionSeconds"] == 1209600
        function = full.one(FUNCTION, f"churn-{name}")
        assert function.inputs["deadLetterConfig"] == {"targetArn": queue.outputs["arn"]}
        retries = full.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", f"churn-{name}-retries")
        assert retries.inputs == {
            "functionName": function.outputs["name"],
            "maximumRetryAttempts": 2,
            "maximumEventAgeInSeconds": 3600,
        }

    def test_sns_may_invoke_it_from_the_alarm_topic(self, full: Run) -> None:
        permission = full.one("aws:lambda/permission:Permission", "churn-alarms-invoke")
        assert permission.inputs == {
            "action": "lambda:InvokeFunction",
            "function": full.one(FUNCTION, "churn-alarm-responder").outputs["name"],
            "principal": "sns.amazonaws.com",
            "sourceArn": full.one(TOPIC, "churn-alarms").outputs["arn"],
        }
        subscription = full.one("aws:sns/topicSubscription:TopicSubscription", "-alarms-responder")
        assert "churn-alarms-invoke" in subscription.depends_on

    @pytest.mark.parametrize(
        ("name", "folder"),
        [
            ("alarm-responder", "alarm_responder"),
            ("processing-metrics", "processing_metrics"),
            ("start-baseline", "start_baseline"),
        ],
    )
    def test_code_is_the_functions_folder_with_what_it_shares(self, full: Run, name: str, folder: str) -> None:
        code = full.one(FUNCTION, f"churn-{name}").inputs["code"]
        assert {inside: asset.path for inside, asset in code.assets.items()} == {
            inside: path.as_posix() for inside, path in function_files(folder).items()
        }
        assert {f"functions/{folder}/handler.py", "functions/common/__init__.py"} <= set(code.assets)


class TestMetrics:
    def test_rule_on_the_end_of_processing_jobs(self, full: Run) -> None:
        rule = full.one("aws:cloudwatch/eventRule:EventRule")
        assert json.loads(rule.inputs["eventPattern"]) == {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Processing Job State Change"],
            "detail": {"ProcessingJobStatus": ["Completed", "Failed", "Stopped"]},
        }
        target = full.one("aws:cloudwatch/eventTarget:EventTarget").inputs
        assert target == {
            "rule": rule.outputs["name"],
            "arn": full.one(FUNCTION, "churn-processing-metrics").outputs["arn"],
        }

    def test_events_may_invoke_it_from_that_rule(self, full: Run) -> None:
        permission = full.one("aws:lambda/permission:Permission", "churn-events-invoke").inputs
        assert permission["principal"] == "events.amazonaws.com"
        assert permission["sourceArn"] == full.one("aws:cloudwatch/eventRule:EventRule").outputs["arn"]

    def test_environment(self, full: Run) -> None:
        function = full.one(FUNCTION, "churn-processing-metrics").inputs
        assert function["environment"]["variables"] == {
            "ENDPOINT_NAME": endpoint_name(full),
            "METRIC_NAMESPACE": "ModelMonitoring/churn",
            "BUCKET_NAME": bucket_name(full),
            "RESULTS_PREFIX": "monitoring-results",
            "STATE_PREFIX": "responder-state",
        }

    def test_it_may_publish_to_its_namespace_only(self, full: Run) -> None:
        policy = full.document("aws:iam/rolePolicy:RolePolicy", "churn-processing-metrics-role-policy", "policy")
        [statement] = [item for item in policy["Statement"] if "cloudwatch:PutMetricData" in item["Action"]]
        namespace = full.one(ALARM, "data-quality-violations").inputs["namespace"]
        assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": [namespace]}}


class TestAlarms:
    @pytest.mark.parametrize("kind", ["data-quality", "model-quality"])
    @pytest.mark.parametrize(
        ("suffix", "metric"), [("violations", "ConstraintViolations"), ("job-failures", "JobFailures")]
    )
    def test_alarm(self, full: Run, kind: str, suffix: str, metric: str) -> None:
        alarm = full.one(ALARM, f"churn-{kind}-{suffix}")
        topic = full.one(TOPIC, "churn-alarms").outputs["arn"]
        inputs = {key: value for key, value in alarm.inputs.items() if key not in {"alarmDescription", "tags"}}
        assert inputs == {
            "namespace": "ModelMonitoring/churn",
            "metricName": metric,
            "dimensions": {
                "Endpoint": endpoint_name(full),
                "MonitoringSchedule": f"{endpoint_name(full)}-{kind}",
            },
            "statistic": "Maximum",
            "period": 3600,
            "evaluationPeriods": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
            "treatMissingData": "ignore",
            "alarmActions": [topic],
            "okActions": [topic],
        }
        assert "churn-alarms-policy" in alarm.depends_on

    def test_threshold(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(alerting={"violations_threshold": 3})
        found = {item.name: item.inputs["threshold"] for item in run.of_type(ALARM)}
        assert {name: found[name] for name in found if name.endswith(("-violations", "-job-failures"))} == {
            "churn-data-quality-violations": 3,
            "churn-data-quality-job-failures": 1,
            "churn-model-quality-violations": 3,
            "churn-model-quality-job-failures": 1,
        }


class TestDashboard:
    def test_it_draws_the_threshold_of_the_alarm(self, run_stack: Callable[..., Run]) -> None:
        run = run_stack(alerting={"violations_threshold": 3})
        body = run.document("aws:cloudwatch/dashboard:Dashboard", "", "dashboardBody")
        lines = {
            widget["properties"]["title"]: widget["properties"]["annotations"]["horizontal"][0]["value"]
            for widget in body["widgets"]
            if "annotations" in widget["properties"]
        }
        assert lines == {"Constraint violations": 3, "Failed jobs": 1}

    def test_it_shows_every_alarm(self, full: Run) -> None:
        body = full.document("aws:cloudwatch/dashboard:Dashboard", "", "dashboardBody")
        widgets = [item for item in body["widgets"] if item["type"] == "alarm"]
        shown = {arn for widget in widgets for arn in widget["properties"]["alarms"]}
        assert shown == {item.outputs["arn"] for item in full.of_type(ALARM)}

    def test_its_name_follows_the_endpoints(self, full: Run) -> None:
        dashboard = full.one("aws:cloudwatch/dashboard:Dashboard").inputs
        assert dashboard["dashboardName"] == f"{endpoint_name(full)}-monitoring-us-east-1"
