"""Model Monitor's definitions and schedules of data and model quality, on the mocked runtime, with exact values."""

from collections.abc import Callable

from tests.components.mocked_runtime import Run
from tests.components.registered import ANALYZER, bucket_name, endpoint_name
from tests.components.resource_types import ALARM, DATA_QUALITY, INVOCATION, MODEL_MONITORS, MODEL_QUALITY


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
        schedule = full.one(MODEL_MONITORS, "churn-data-quality-schedule")
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
        config = run.one(MODEL_MONITORS, "churn-data-quality-schedule").inputs["monitoringScheduleConfig"]
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
        schedule = full.one(MODEL_MONITORS, "churn-model-quality-schedule")
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
        assert len(smallest.of_type(MODEL_MONITORS)) == 1
        # Violations, failures, silence, no data; dead letters of the responder, the job metrics and the watch.
        assert len(smallest.of_type(ALARM)) == 7
