"""The model, its endpoint and the baseline's jobs, on the mocked runtime, with exact values."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi

from tests.components.mocked_runtime import Run
from tests.components.registered import ANALYZER, bucket_name, endpoint_name
from tests.components.resource_types import DATA_QUALITY, FUNCTION, INVOCATION, MODEL_QUALITY


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
