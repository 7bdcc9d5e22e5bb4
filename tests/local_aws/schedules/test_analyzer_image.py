"""What schedules of SageMaker's analyzer image run: this project's monitor, after a merge of the labels."""

import json
from datetime import timedelta

from tests.local_aws.bench import ANALYZER
from tests.local_aws.schedules.monitored import CLUSTER, Monitored


def test_the_analyzer_image_is_this_project_s_monitor(monitored: Monitored) -> None:
    """Baseline job, a clean hour, a drifted hour; then model quality through the ground-truth merge."""
    rows = [f"{i * 7 % 10},{i % 10},{i * 3 % 10}" for i in range(60)]
    predictions = [[float(v) for v in row.split(",")] for row in rows]
    table = "".join(f"{a + 10 * b + 100 * c},{a},{b},{c}\n" for a, b, c in predictions)
    data = monitored.put("baseline-data/baseline.csv", "prediction,feature_1,feature_2,feature_3\n" + table)
    baseline = monitored.job(
        "",
        monitored.monitor_role(),
        AppSpecification={"ImageUri": ANALYZER},
        Environment={
            "dataset_format": '{"csv":{"header":true,"output_columns_position":"START"}}',
            "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
            "output_path": "/opt/ml/processing/output",
            "publish_cloudwatch_metrics": "Disabled",
        },
        ProcessingInputs=[
            {
                "InputName": "baseline_dataset_input",
                "S3Input": {
                    "S3Uri": data,
                    "LocalPath": "/opt/ml/processing/input/baseline_dataset_input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {
                        "S3Uri": f"s3://{monitored.bucket}/monitoring-results/baseline",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "Continuous",
                    },
                }
            ]
        },
    )
    description = monitored.finished(baseline)
    assert description["ProcessingJobStatus"] == "Completed", description
    where = f"s3://{monitored.bucket}/monitoring-results/baseline"
    definition = monitored.data_quality(
        DataQualityAppSpecification={"ImageUri": ANALYZER},
        DataQualityBaselineConfig={
            "ConstraintsResource": {"S3Uri": f"{where}/constraints.json"},
            "StatisticsResource": {"S3Uri": f"{where}/statistics.json"},
        },
    )
    schedule = monitored.schedule(definition)
    for row in rows:
        monitored.invoke(monitored.endpoint_name, row)
    monitored.until(65)
    for row in rows:
        monitored.invoke(monitored.endpoint_name, ",".join(str(float(v) + 30) for v in row.split(",")))
    monitored.until(125)
    drifted, clean = monitored.executions(schedule)
    statuses = [execution["MonitoringExecutionStatus"] for execution in (clean, drifted)]
    assert statuses == ["Completed", "CompletedWithViolations"], (clean, drifted)
    place = f"monitoring-results/{monitored.endpoint_name}/{schedule}/{monitored.hour + timedelta(hours=2):%Y/%m/%d/%H}"
    violations = json.loads(monitored.get(f"{place}/constraint_violations.json"))["violations"]
    assert {v["feature_name"] for v in violations} >= {"feature_1", "feature_2", "feature_3"}


def test_model_quality_merges_ground_truth_first(monitored: Monitored) -> None:
    sagemaker = monitored.sagemaker
    rows = [(i % 7, i % 5, i % 3) for i in range(40)]
    labels = []
    for i, row in enumerate(rows):
        monitored.invoke(monitored.endpoint_name, ",".join(map(str, row)), InferenceId=f"row-{i}")
        truth = row[0] + 10 * row[1] + 100 * row[2] + 0.5
        record = {"groundTruthData": {"data": str(truth), "encoding": "CSV"}, "eventMetadata": {"eventId": f"row-{i}"}}
        labels.append(json.dumps(record | {"eventVersion": "0"}))
    monitored.put(f"ground-truth/{monitored.hour:%Y/%m/%d/%H}/labels.jsonl", "\n".join(labels))
    constraints = {"regression_constraints": {"mae": {"threshold": 0.1, "comparison_operator": "GreaterThanThreshold"}}}
    baseline = monitored.put("baseline-data/constraints.json", json.dumps({"version": 0.0} | constraints))
    name = f"{monitored.name}-model-quality"
    sagemaker.create_model_quality_job_definition(
        JobDefinitionName=name,
        ModelQualityAppSpecification={"ImageUri": ANALYZER, "ProblemType": "Regression"},
        ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": baseline}},
        ModelQualityJobInput={
            "EndpointInput": {
                "EndpointName": monitored.endpoint_name,
                "LocalPath": "/opt/ml/processing/input_data",
                "InferenceAttribute": "0",
                "StartTimeOffset": "-PT3H",
                "EndTimeOffset": "-PT1H",
            },
            "GroundTruthS3Input": {"S3Uri": f"s3://{monitored.bucket}/ground-truth"},
        },
        ModelQualityJobOutputConfig=monitored.output(),
        JobResources=CLUSTER,
        RoleArn=monitored.monitor_role(),
        StoppingCondition={"MaxRuntimeInSeconds": 1800},
    )
    at = (monitored.hour.hour + 2) % 24
    schedule = monitored.schedule(name, "ModelQuality", ScheduleExpression=f"cron(0 {at} ? * * *)")
    monitored.until(125)
    (execution,) = monitored.executions(schedule)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    job = execution["ProcessingJobArn"].rpartition("/")[2]
    suffix = job.removeprefix("model-quality-monitoring-")
    merge = sagemaker.describe_processing_job(ProcessingJobName=f"groundtruth-merge-{suffix}")
    hour = f"{monitored.hour:%Y/%m/%d/%H}"
    place = f"{monitored.endpoint_name}/Primary/{hour}"
    assert merge["AppSpecification"]["ImageUri"] == ANALYZER.replace("analyzer", "groundtruth-merger")
    assert merge["Environment"] == {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
    }
    assert {i["InputName"]: i["S3Input"]["LocalPath"] for i in merge["ProcessingInputs"]} == {
        "groundtruth_input_1": f"/opt/ml/processing/groundtruth/{hour}",
        "endpoint_input_1": f"/opt/ml/processing/input_data/{place}",
    }
    (merged,) = monitored.keys("monitoring-results/merge/")
    assert merged.startswith(f"monitoring-results/merge/{place}/part-")
    record = json.loads(monitored.get(merged).splitlines()[0])
    assert set(record) == {"eventVersion", "groundTruthData", "captureData", "eventMetadata"}
    description = sagemaker.describe_processing_job(ProcessingJobName=job)
    environment = description["Environment"]
    assert environment["start_time"] == f"{monitored.hour - timedelta(hours=1):%Y-%m-%dT%H:00:00Z}"
    assert environment["end_time"] == f"{monitored.hour + timedelta(hours=1):%Y-%m-%dT%H:00:00Z}"
    assert environment["dataset_format"] == '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
    assert (environment["analysis_type"], environment["problem_type"], environment["inference_attribute"]) == (
        "MODEL_QUALITY", "Regression", "0",
    )  # fmt: skip
    cloudwatch = monitored.cloud.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace="aws/sagemaker/Endpoints/model-metrics", MetricName="mae")["Metrics"]
    assert [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in metrics] == [
        {"Endpoint": monitored.endpoint_name, "MonitoringSchedule": schedule}
    ]


def test_model_quality_without_labels_has_no_data(monitored: Monitored) -> None:
    name = f"{monitored.name}-model-quality"
    monitored.sagemaker.create_model_quality_job_definition(
        JobDefinitionName=name,
        ModelQualityAppSpecification={"ImageUri": ANALYZER, "ProblemType": "Regression"},
        ModelQualityJobInput={
            "EndpointInput": {"EndpointName": monitored.endpoint_name, "LocalPath": "/opt/ml/processing/input_data"},
            "GroundTruthS3Input": {"S3Uri": f"s3://{monitored.bucket}/ground-truth"},
        },
        ModelQualityJobOutputConfig=monitored.output(),
        JobResources=CLUSTER,
        RoleArn=monitored.monitor_role(),
        StoppingCondition={"MaxRuntimeInSeconds": 1800},
    )
    schedule = monitored.schedule(name, "ModelQuality")
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    monitored.until(61)
    (execution,) = monitored.executions(schedule)
    assert execution["FailureReason"] == "Job inputs had no data"
