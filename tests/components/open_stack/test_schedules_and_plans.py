"""The open engine's schedules, and the plan that each hands to the function that starts a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.archives.monitor import job_archive, job_archive_key
from components.naming import MAX_COMPONENT_NAME
from components.stack import ModelMonitoringStack
from tests.components.conftest import BOUNDARY, KEY, MakeArgs
from tests.components.mocked_runtime import Run, run_program
from tests.components.open_stack.open_parts import IMAGE, KINDS, arn, monitors_of, plan, target_input
from tests.components.registered import endpoint_name
from tests.components.resource_types import ALARM, BUCKET, FUNCTION, INVOCATION, MODEL_MONITORS, OBJECT, ROLE, SCHEDULE


class TestWhatThereIs:
    def test_nothing_of_model_monitor(self, one: Run) -> None:
        types = {item.type for item in one.resources}
        assert MODEL_MONITORS not in types
        assert not [kind for kind in types if kind.endswith("JobDefinition")]
        images = [call.args.get("repositoryName") for call in one.calls if "Image" in call.token]
        assert set(images) == {"sagemaker-scikit-learn"}

    def test_both(self, both: Run) -> None:
        assert len(both.of_type(MODEL_MONITORS)) == len(monitors_of(both)) == 2

    def test_roles(self, one: Run, both: Run) -> None:
        shared = {"model", "start-baseline", "processing-metrics", "alarm-responder", "scheduler", "start-monitor"}
        shared |= {"check-endpoint", "monitor-watch", "watch-schedule", "dead-letter-notice"}
        assert self.roles(one) == {*shared, "open-monitor"}
        assert self.roles(both) == {*shared, "open-monitor", "monitor", "monitor-window", "compare-engines"}

    @staticmethod
    def roles(run: Run) -> set[str]:
        return {item.name.removeprefix("churn-").removesuffix("-role") for item in run.of_type(ROLE)}

    def test_the_monitors_code_is_in_the_bucket_under_its_content(self, one: Run) -> None:
        stored = one.one(OBJECT, "-job-code")
        assert stored.inputs["key"] == job_archive_key(job_archive())
        with open(stored.inputs["source"].path, "rb") as file:
            assert file.read() == job_archive()

    def test_the_schedules_are_called_as_model_monitors(self, one: Run, full: Run) -> None:
        for kind in KINDS:
            name = one.one(SCHEDULE, f"-open-{kind}").inputs["name"]
            assert name == f"{endpoint_name(one)}-{kind}" == f"{endpoint_name(full)}-{kind}"
            assert name in {item.inputs["name"] for item in full.of_type(MODEL_MONITORS)}

    def test_beside_model_monitor_they_have_other_names(self, both: Run) -> None:
        names = {item.inputs["name"] for item in monitors_of(both)}
        assert names == {f"{endpoint_name(both)}-{short}-open" for short in ("dq", "mq")}
        assert not names & {item.inputs["name"] for item in both.of_type(MODEL_MONITORS)}

    def test_outputs_name_the_schedules_that_people_are_told_of(self, one: Run, both: Run) -> None:
        for run in (one, both):
            [outputs] = [
                found for urn, found in run.component_outputs.items() if urn.endswith("ModelMonitoringStack::churn")
            ]
            assert outputs["data_quality_schedule_name"] == f"{endpoint_name(run)}-data-quality"
            assert outputs["model_quality_schedule_name"] == f"{endpoint_name(run)}-model-quality"

    def test_an_adopted_endpoints_schedules_are_named_after_the_stack(self, adopted: Run) -> None:
        for kind in KINDS:
            name = adopted.one(SCHEDULE, f"-open-{kind}").inputs["name"]
            assert name.startswith("churn-")
            assert "fraud" not in name
            assert plan(adopted, kind)["endpoint"] == "fraud"


class TestSchedules:
    @pytest.mark.parametrize(
        ("kind", "expression"), [("data-quality", "cron(20 * ? * * *)"), ("model-quality", "cron(20 6 ? * * *)")]
    )
    def test_when(self, one: Run, kind: str, expression: str) -> None:
        schedule = one.one(SCHEDULE, f"-open-{kind}").inputs
        assert schedule["scheduleExpression"] == expression
        assert schedule["scheduleExpressionTimezone"] == "UTC"
        assert schedule["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5}
        assert schedule["groupName"] == one.one("aws:scheduler/scheduleGroup:ScheduleGroup").outputs["name"]
        assert "kmsKeyArn" not in schedule

    def test_the_grace_moves_them_and_not_their_windows(self, adopted: Run) -> None:
        schedule = adopted.one(SCHEDULE, "-open-data-quality").inputs
        assert schedule["scheduleExpression"] == "cron(45 * ? * * *)"
        found = plan(adopted, "data-quality")
        assert (found["grace_minutes"], found["start_offset"], found["end_offset"]) == (45, "-PT1H", "-PT0H")

    @pytest.mark.parametrize("kind", KINDS)
    def test_target(self, one: Run, kind: str) -> None:
        target = dict(one.one(SCHEDULE, f"-open-{kind}").inputs["target"])
        assert "plan" in target.pop("input")
        assert target == {
            "arn": arn(one, FUNCTION, "start-monitor"),
            "roleArn": arn(one, ROLE, "scheduler-role"),
            "retryPolicy": {"maximumRetryAttempts": 10, "maximumEventAgeInSeconds": 21600},
            "deadLetterConfig": {"arn": arn(one, "aws:sqs/queue:Queue", "monitor-runs-dead-letters")},
        }

    def test_the_time_is_eventbridges_to_fill_in(self, one: Run) -> None:
        for kind in KINDS:
            assert target_input(one, kind)["scheduled_time"] == "<aws.scheduler.scheduled-time>"

    def test_an_event_is_kept_by_a_key_of_ones_own(self, both: Run) -> None:
        assert {item.inputs["kmsKeyArn"] for item in both.of_type(SCHEDULE)} == {KEY}

    def test_scheduler_is_trusted_for_this_account_only(self, one: Run) -> None:
        role = one.one(ROLE, "scheduler-role").inputs
        assert json.loads(role["assumeRolePolicy"])["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ]
        assert role["permissionsBoundary"] == BOUNDARY

    def test_the_input_fits(self, both: Run) -> None:
        """EventBridge Scheduler takes 256 KB."""
        for item in both.of_type(SCHEDULE):
            assert len(item.inputs["target"]["input"]) < 16_000

    def test_removed_before_what_they_start(self, one: Run) -> None:
        """Pulumi removes what depends first: no schedule fires at a function that is gone."""
        for item in monitors_of(one):
            assert {"churn-start-monitor", "churn-scheduler-role", "churn-scheduler-role-policy"} <= {
                urn.rsplit("::", 1)[1] for key in item.request.propertyDependencies.values() for urn in key.urns
            }


class TestPlan:
    def test_data_quality(self, one: Run) -> None:
        bucket = one.one(BUCKET).outputs["bucket"]
        found = dict(plan(one, "data-quality"))
        request = found.pop("request")
        assert found == {
            "kind": "data-quality",
            "endpoint": endpoint_name(one),
            "schedule": f"{endpoint_name(one)}-data-quality",
            "variants": ["Primary"],
            "start_offset": "-PT1H",
            "end_offset": "-PT0H",
            "grace_minutes": 20,
            "late_hours": 6,
            "captured_uri": f"s3://{bucket}/captured-data",
            "ground_truth_uri": None,
            "results_uri": f"s3://{bucket}/monitoring-results",
            "state_uri": f"s3://{bucket}/monitor-state",
            "job_stem": "churn",
            "small_window": None,
        }
        assert request["AppSpecification"] == {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "-m", "drift_tools.monitor"],
        }
        assert request["RoleArn"] == arn(one, ROLE, "open-monitor-role")
        assert request["ProcessingResources"]["ClusterConfig"] == {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.xlarge",
            "VolumeSizeInGB": 20,
        }
        assert request["Tags"] == [{"Key": "environment", "Value": "test"}, {"Key": "team", "Value": "risk"}]
        assert request["Environment"] == {
            "PYTHONPATH": "/opt/ml/processing/input/code/drift_tools.zip",
            "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
            "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
            "baseline_dataset": "/opt/ml/processing/input/baseline_data/baseline.csv",
            "AWS_DEFAULT_REGION": "us-east-1",
            "publish_cloudwatch_metrics": "Enabled",
            "feature_metrics": "findings",
            "analysis_type": "DATA_QUALITY",
            "metric_namespace": "ModelMonitoring/Endpoints/data-metrics",
            "rules": "calibrated",
            "false_alarms_per_year": "1",
            "monitors_in_budget": "2",
            "runs_per_year": "8760",
            "season": "auto",
            "windows_uri": f"s3://{one.one(BUCKET).outputs['bucket']}/monitor-windows/{found['schedule']}",
            "max_unreadable_share": "0.1",
            "result_tables_uri": f"s3://{one.one(BUCKET).outputs['bucket']}/result-tables",
            "account_id": "123456789012",
            "model_variant": "Primary",
            # Nobody gives versions by hand: each model has a name of its own.
            "model_version": one.one("aws:sagemaker/model:Model").outputs["name"],
        }
        assert {"NetworkConfig", "ProcessingOutputConfig", "ProcessingJobName"} & set(request) == set()

    def test_model_quality(self, one: Run) -> None:
        found = plan(one, "model-quality")
        assert (found["start_offset"], found["end_offset"]) == ("-P1D", "-PT0H")
        assert found["ground_truth_uri"] == f"s3://{one.one(BUCKET).outputs['bucket']}/ground-truth"
        environment = found["request"]["Environment"]
        assert environment["AWS_DEFAULT_REGION"] == "us-east-1"
        assert environment["analysis_type"] == "MODEL_QUALITY"
        assert environment["problem_type"] == "BinaryClassification"
        assert environment["metric_namespace"] == "ModelMonitoring/Endpoints/model-metrics"
        assert "positive_label" not in environment
        budget = {name: environment[name] for name in ("rules", "false_alarms_per_year", "monitors_in_budget")}
        assert budget == {"rules": "calibrated", "false_alarms_per_year": "1", "monitors_in_budget": "2"}
        assert environment["windows_uri"].endswith("/monitor-windows/" + found["schedule"])

    def test_the_positive_class_is_the_baselines_and_the_runs(
        self, run_stack: Callable[..., Run], labelled_csv: Path, one: Run
    ) -> None:
        quality = {
            "problem_type": "BinaryClassification",
            "baseline": {"data": pulumi.FileAsset(str(labelled_csv))},
            "positive_label": "fraud",
        }
        run = run_stack(engine="open", model_quality=quality)
        assert plan(run, "model-quality")["request"]["Environment"]["positive_label"] == "fraud"
        requests = [
            json.loads(made.one(INVOCATION, "churn-model-quality-baseline").inputs["input"])["request"]
            for made in (run, one)
        ]
        assert [found["Environment"].get("positive_label") for found in requests] == ["fraud", None]
        # Another class is another baseline: its results have a place of their own.
        assert requests[0]["ProcessingJobName"] != requests[1]["ProcessingJobName"]

    def test_inputs_are_what_lies_in_the_bucket(self, both: Run) -> None:
        stored = {item.inputs["key"] for item in both.of_type(OBJECT)}
        bucket = both.one(BUCKET).outputs["bucket"]
        for kind in KINDS:
            inputs = {item["InputName"]: item["S3Input"] for item in plan(both, kind)["request"]["ProcessingInputs"]}
            for name in ("code", "record_preprocessor_script_input"):
                assert inputs[name]["S3Uri"].removeprefix(f"s3://{bucket}/") in stored

    def test_all_that_can_be_asked_for(self, both: Run) -> None:
        found = plan(both, "data-quality")
        assert found["small_window"] == {
            "function_name": both.one(FUNCTION, "monitor-window").outputs["name"],
            "max_bytes": 8 * 1024 * 1024,
        }
        request = found["request"]
        assert request["ProcessingResources"]["ClusterConfig"] == {
            "InstanceCount": 2,
            "InstanceType": "ml.m5.xlarge",
            "VolumeSizeInGB": 20,
            "VolumeKmsKeyId": KEY,
        }
        assert request["NetworkConfig"] == {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {"Subnets": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0c"]},
        }
        assert request["ProcessingOutputConfig"] == {"KmsKeyId": KEY, "Outputs": []}

    def test_what_exists_is_read_where_it_lies(self, adopted: Run) -> None:
        found = plan(adopted, "data-quality")
        assert found["captured_uri"] == "s3://fraud-captures/endpoints"
        inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in found["request"]["ProcessingInputs"]}
        assert inputs["baseline_constraints"] == "s3://fraud-baseline/v7/constraints.json"
        assert inputs["baseline_statistics"] == "s3://fraud-baseline/v7/statistics.json"
        assert "baseline_data" not in inputs


def test_names_fit_for_the_longest_component_name(make_args: MakeArgs, variants: dict[str, dict[str, Any]]) -> None:
    longest = "c" * MAX_COMPONENT_NAME
    run = run_program(lambda: ModelMonitoringStack(longest, make_args(**variants["both"])), stack="test")
    limits = {
        SCHEDULE: 64,
        "aws:scheduler/scheduleGroup:ScheduleGroup": 64,
        FUNCTION: 64,
        ROLE: 64,
        "aws:cloudwatch/eventRule:EventRule": 64,
        "aws:sqs/queue:Queue": 80,
        ALARM: 255,
    }
    for kind, limit in limits.items():
        assert run.of_type(kind)
        assert max(len(item.outputs["name"]) for item in run.of_type(kind)) <= limit, kind
    assert max(len(item.inputs["layerName"]) for item in run.of_type("aws:lambda/layerVersion:LayerVersion")) <= 140
    for item in monitors_of(run):
        stem = json.loads(item.inputs["target"]["input"])["plan"]["job_stem"]
        assert len(f"{stem}-dq-202601311200-1a2b3c") <= 63


def test_an_open_stack_without_anything_else(run_stack: Callable[..., Run]) -> None:
    run = run_stack(engine="open", model_quality=None, alerting=None, tags=None, permissions_boundary_arn=None)
    [schedule] = monitors_of(run)
    assert "Tags" not in json.loads(schedule.inputs["target"]["input"])["plan"]["request"]


def test_scripts_of_several_monitors_are_objects_of_their_own(both: Run) -> None:
    """Removing one monitor must not take away the script that another still runs."""
    keys = [item.inputs["key"] for item in both.of_type(OBJECT)]
    assert len([key for key in keys if key.endswith("/record_preprocessor.py")]) == 4
    assert len(keys) == len(set(keys))
