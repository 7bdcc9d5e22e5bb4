"""What the open engine adds to a stack, on the mocked runtime, with exact values."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.archives.function import function_files
from components.archives.monitor import job_archive, job_archive_key
from components.naming import MAX_COMPONENT_NAME
from components.stack import ModelMonitoringStack
from tests.components.conftest import BOUNDARY, KEY, MakeArgs
from tests.components.mocked_runtime import Registration, Run, run_program
from tests.components.test_contracts import statements

SCHEDULE = "aws:scheduler/schedule:Schedule"
FUNCTION = "aws:lambda/function:Function"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROLE = "aws:iam/role:Role"
BUCKET = "aws:s3/bucket:Bucket"
INVOCATION = "aws:lambda/invocation:Invocation"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
MODEL_MONITORS = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
KINDS = ("data-quality", "model-quality")


@pytest.fixture(scope="module")
def one(run_variant: Callable[..., Run]) -> Run:
    """A stack that the open engine runs."""
    return run_variant("open")


@pytest.fixture(scope="module")
def both(run_variant: Callable[..., Run]) -> Run:
    """Both engines, with everything that they can be asked for."""
    return run_variant("both")


@pytest.fixture(scope="module")
def adopted(run_variant: Callable[..., Run]) -> Run:
    """The open engine on an endpoint that existed."""
    return run_variant("open, adopted")


def endpoint_name(run: Run) -> str:
    return str(run.one("aws:sagemaker/endpoint:Endpoint").outputs["name"])


def arn(run: Run, kind: str, name_end: str) -> str:
    return str(run.one(kind, name_end).outputs["arn"])


def target_input(run: Run, kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(run.one(SCHEDULE, f"-open-{kind}").inputs["target"]["input"])
    return loaded


def plan(run: Run, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = target_input(run, kind)["plan"]
    return found


def of_role(run: Run, role: str) -> dict[str, dict[str, Any]]:
    """A role's statements by their Sid."""
    return {item["Sid"]: item for name, item in statements(run) if name == f"churn-{role}-policy"}


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


class TestPolicies:
    def test_the_scheduler(self, one: Run) -> None:
        found = of_role(one, "scheduler-role")
        assert {sid: (item["Action"], item["Resource"]) for sid, item in found.items()} == {
            "StartRuns": (["lambda:InvokeFunction"], [arn(one, FUNCTION, "start-monitor")]),
            "KeepDeadLetters": (["sqs:SendMessage"], [arn(one, "aws:sqs/queue:Queue", "monitor-runs-dead-letters")]),
        }

    def test_the_starter_starts_these_runs_under_that_role(self, one: Run) -> None:
        found = of_role(one, "start-monitor-role")
        assert set(found) == {
            "WriteLogs", "KeepDeadLetters", "ListPrefixes", "ReadObjects", "WriteObjects", "StartRuns",
            "PassJobRole", "PublishMetrics",
        }  # fmt: skip
        bucket = arn(one, BUCKET, "-data")
        assert found["StartRuns"]["Resource"] == [
            f"arn:aws:sagemaker:us-east-1:123456789012:processing-job/churn-{kind}-*" for kind in ("dq", "mq")
        ]
        assert found["PassJobRole"]["Resource"] == [arn(one, ROLE, "open-monitor-role")]
        assert found["PassJobRole"]["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        assert found["ReadObjects"]["Resource"] == [f"{bucket}/monitor-state/*"]
        assert found["WriteObjects"]["Resource"] == [
            f"{bucket}/monitor-state/*",
            f"{bucket}/responder-state/job-failures/*",
        ]
        assert found["ListPrefixes"]["Condition"]["StringLike"]["s3:prefix"] == [
            "captured-data", "captured-data/*", "ground-truth", "ground-truth/*", "monitor-state", "monitor-state/*",
            "baseline-data/results", "baseline-data/results/*",
        ]  # fmt: skip
        namespace = found["PublishMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
        assert namespace == ["ModelMonitoring/churn"]

    def test_an_adopted_endpoints_captures_are_listed_and_not_read_by_the_starter(self, adopted: Run) -> None:
        found = of_role(adopted, "start-monitor-role")
        assert found["ListCaptures"]["Resource"] == ["arn:aws:s3:::fraud-captures"]
        assert not [item for item in found.values() if "fraud-captures/" in json.dumps(item["Resource"])]
        assert of_role(adopted, "open-monitor-role")["ReadCaptures"]["Resource"] == [
            "arn:aws:s3:::fraud-captures/endpoints/*"
        ]
        assert of_role(adopted, "monitor-window-role")["ReadCaptures"]["Resource"] == [
            "arn:aws:s3:::fraud-captures/endpoints/*"
        ]

    def test_runs_write_results_and_nothing_else(self, one: Run, both: Run) -> None:
        # What a window counted is kept below the state, too.
        results = [f"{arn(both, BUCKET, '-data')}/{place}/*" for place in ("monitoring-results", "monitor-windows")]
        # Two instances hand their shares over below the state.
        shares = [f"{arn(both, BUCKET, '-data')}/monitor-state/shards/*"]
        tables = [f"{arn(both, BUCKET, '-data')}/result-tables/*"]
        assert of_role(both, "open-monitor-role")["WriteObjects"]["Resource"] == results + shares + tables
        assert of_role(both, "monitor-window-role")["WriteObjects"]["Resource"] == results + tables
        assert of_role(one, "open-monitor-role")["WriteObjects"]["Resource"] == [
            f"{arn(one, BUCKET, '-data')}/baseline-data/results/*",
            f"{arn(one, BUCKET, '-data')}/monitoring-results/*",
            f"{arn(one, BUCKET, '-data')}/monitor-windows/*",
            f"{arn(one, BUCKET, '-data')}/result-tables/*",
        ]

    def test_the_function_for_small_windows_may_what_a_run_may_and_say_how_it_ended(self, both: Run) -> None:
        run, window = of_role(both, "open-monitor-role"), of_role(both, "monitor-window-role")
        for sid in ("ListPrefixes", "ReadObjects"):
            assert run[sid] == window[sid]
        bucket = arn(both, BUCKET, "-data")
        assert window["KeepMarkersAndFailures"]["Resource"] == [
            f"{bucket}/monitor-state/small-windows/*",
            f"{bucket}/responder-state/job-failures/*",
        ]
        assert window["InvokeComparison"]["Resource"] == [arn(both, FUNCTION, "compare-engines")]
        assert set(window) - set(run) == {"KeepDeadLetters", "KeepMarkersAndFailures", "InvokeComparison"}

    def test_the_comparison_reads_results_and_writes_agreements(self, both: Run) -> None:
        found = of_role(both, "compare-engines-role")
        bucket = arn(both, BUCKET, "-data")
        assert set(found) == {
            "WriteLogs", "KeepDeadLetters", "ReadJobs", "ListPrefixes", "ReadObjects", "WriteObjects",
            "PublishMetrics", "UseKey",
        }  # fmt: skip
        prefixes = ["monitoring-results", "monitoring-results/*", "engine-agreement", "engine-agreement/*"]
        assert found["ListPrefixes"]["Condition"]["StringLike"]["s3:prefix"] == prefixes
        assert found["ReadObjects"]["Resource"] == [f"{bucket}/monitoring-results/*", f"{bucket}/engine-agreement/*"]
        assert found["WriteObjects"]["Resource"] == [f"{bucket}/engine-agreement/*"]

    def test_the_responder_reads_what_it_tells(self, full: Run, one: Run, both: Run) -> None:
        def read(run: Run) -> set[str]:
            objects = of_role(run, "alarm-responder-role")["ReadObjects"]["Resource"]
            return {item.rpartition("/*")[0].partition("/")[2] for item in objects}

        plainly = {"baseline-data/results", "monitoring-results", "responder-state"}
        assert read(full) == plainly
        assert read(one) == {*plainly, "monitor-state"}
        assert read(both) == {*plainly, "monitor-state", "engine-agreement"}

        def told(run: Run) -> dict[str, str]:
            variables = run.one(FUNCTION, "alarm-responder").inputs["environment"]["variables"]
            return {
                key: value for key, value in variables.items() if key in ("MONITOR_STATE_PREFIX", "AGREEMENT_PREFIX")
            }

        assert told(full) == {}
        assert told(one) == {"MONITOR_STATE_PREFIX": "monitor-state"}
        assert told(both) == {"MONITOR_STATE_PREFIX": "monitor-state", "AGREEMENT_PREFIX": "engine-agreement"}

    @pytest.mark.parametrize("variant", ["open", "both", "open, adopted"])
    def test_everything_allowed_is_the_stacks_own_or_listed(
        self, run_variant: Callable[..., Run], variant: str
    ) -> None:
        run = run_variant(variant)
        own = {str(item.outputs["arn"]) for item in run.resources if "arn" in item.outputs}
        shared = (
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/",  # SageMaker's groups of the account
            "arn:aws:sagemaker:us-east-1:123456789012:processing-job/",  # jobs are named by their content or window
            "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn",  # AWS's images
            "arn:aws:ecr:us-east-1:156813124566:repository/sagemaker-model-monitor-",
            "arn:aws:ec2:us-east-1:123456789012:network-interface/*",
            *(f"arn:aws:ec2:us-east-1:*:{item}" for item in ("subnet/subnet-0", "security-group/sg-0")),  # as asked for
            "arn:aws:s3:::fraud-",  # what existed
            "arn:aws:kms:us-east-1:123456789012:key/",
        )
        bucket = arn(run, BUCKET, "-data")
        for name, statement in statements(run):
            for resource in statement.get("Resource", []) if statement["Effect"] == "Allow" else []:
                known = resource == "*" or resource in own or resource.removesuffix(":*") in own
                assert known or resource.startswith((f"{bucket}/", *shared)), f"{name} allows {resource}"
                assert resource != f"{bucket}/*", f"{name} allows all of the bucket"


class TestFunctions:
    @pytest.mark.parametrize(
        ("name", "timeout", "memory"),
        [("start-monitor", 300, 1024), ("monitor-window", 300, 2048), ("compare-engines", 60, 1024)],
    )
    def test_size(self, both: Run, name: str, timeout: int, memory: int) -> None:
        queue = name if name == "compare-engines" else "monitor-runs"
        made = both.one(FUNCTION, name).inputs
        assert (made["timeout"], made["memorySize"]) == (timeout, memory)
        assert (made["runtime"], made["architectures"], made["handler"]) == (
            "python3.13", ["arm64"], f"functions.{name.replace('-', '_')}.handler.handler",
        )  # fmt: skip
        retries = both.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", f"{name}-retries").inputs
        assert (retries["maximumRetryAttempts"], retries["maximumEventAgeInSeconds"]) == (2, 3600)
        assert made["deadLetterConfig"]["targetArn"] == arn(both, "aws:sqs/queue:Queue", f"{queue}-dead-letters")

    def test_the_function_for_small_windows_has_the_monitor_and_its_layer(self, both: Run) -> None:
        made = both.one(FUNCTION, "monitor-window")
        assert {
            "functions/monitor_window/container_files.py",
            "functions/common/idempotency.py",
            "drift_tools/monitor.py",
        } <= set(made.inputs["code"].assets)
        assert len(made.inputs["layers"]) == 1
        layer = both.one("aws:lambda/layerVersion:LayerVersion").inputs
        assert (layer["compatibleRuntimes"], layer["compatibleArchitectures"]) == (["python3.13"], ["arm64"])

    @pytest.mark.parametrize("folder", ["start_monitor", "compare_engines"])
    def test_code(self, both: Run, folder: str) -> None:
        made = both.one(FUNCTION, folder.replace("_", "-")).inputs["code"].assets
        assert set(made) == set(function_files(folder))

    def test_the_comparison_knows_its_pairs_and_hears_of_completed_jobs(self, both: Run) -> None:
        variables = both.one(FUNCTION, "compare-engines").inputs["environment"]["variables"]
        name = endpoint_name(both)
        assert json.loads(variables["ENGINE_PAIRS"]) == {
            "data-quality": {"model_monitor": f"{name}-data-quality", "open": f"{name}-dq-open"},
            "model-quality": {"model_monitor": f"{name}-model-quality", "open": f"{name}-mq-open"},
        }
        rule = both.one("aws:cloudwatch/eventRule:EventRule", "run-ended")
        assert json.loads(rule.inputs["eventPattern"]) == {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Processing Job State Change"],
            "detail": {"ProcessingJobStatus": ["Completed"]},
        }
        permission = both.one("aws:lambda/permission:Permission", "runs-invoke").inputs
        assert permission["sourceArn"] == rule.outputs["arn"]
        assert permission["principal"] == "events.amazonaws.com"

    def test_the_starter_knows_where_the_responder_looks_for_reasons(self, one: Run) -> None:
        assert one.one(FUNCTION, "start-monitor").inputs["environment"]["variables"] == {
            "METRIC_NAMESPACE": "ModelMonitoring/churn",
            "BUCKET_NAME": one.one(BUCKET).outputs["bucket"],
            "FAILURES_PREFIX": "responder-state/job-failures",
        }

    def test_small_windows_tell_the_comparison(self, both: Run, adopted: Run) -> None:
        variables = both.one(FUNCTION, "monitor-window").inputs["environment"]["variables"]
        assert variables == {
            "METRIC_NAMESPACE": "ModelMonitoring/churn",
            "BUCKET_NAME": both.one(BUCKET).outputs["bucket"],
            "STATE_PREFIX": "monitor-state",
            "FAILURES_PREFIX": "responder-state/job-failures",
            "COMPARE_FUNCTION": both.one(FUNCTION, "compare-engines").outputs["name"],
        }
        alone = adopted.one(FUNCTION, "monitor-window").inputs["environment"]["variables"]
        assert "COMPARE_FUNCTION" not in alone


def monitors_of(run: Run) -> list[Registration]:
    """The open engine's schedules, without that of the watch over them."""
    return [item for item in run.of_type(SCHEDULE) if "-open-" in item.name]


def described(alarm: dict[str, Any]) -> dict[str, Any]:
    """Of an alarm, what decides when it rings."""
    keys = (
        "metricName", "statistic", "period", "evaluationPeriods", "datapointsToAlarm", "comparisonOperator",
        "threshold", "treatMissingData",
    )  # fmt: skip
    return {key: alarm[key] for key in keys if key in alarm}


class TestHealth:
    @pytest.mark.parametrize(("kind", "hours"), [("data-quality", 2), ("model-quality", 48)])
    def test_the_dead_mans_switch(self, one: Run, kind: str, hours: int) -> None:
        """Two periods without a word; a number in every hour says so, and its own absence is told, too."""
        alarm = one.one(ALARM, f"{kind}-silent").inputs
        assert described(alarm) == {
            "metricName": "HoursSilent",
            "statistic": "Maximum",
            "period": 3600,
            "evaluationPeriods": 3,
            "datapointsToAlarm": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": hours,
            "treatMissingData": "missing",
        }
        assert alarm["namespace"] == "ModelMonitoring/churn"
        assert alarm["dimensions"] == {
            "Endpoint": endpoint_name(one),
            "MonitoringSchedule": one.one(SCHEDULE, f"-open-{kind}").inputs["name"],
        }
        topic = arn(one, "aws:sns/topic:Topic", "-alarms")
        assert alarm["alarmActions"] == alarm["okActions"] == alarm["insufficientDataActions"] == [topic]
        assert alarm["alarmDescription"].endswith(". Severity: warning")

    def test_every_schedule_of_both_engines_is_watched(self, both: Run) -> None:
        silent = [item for item in both.of_type(ALARM) if item.inputs["metricName"] == "HoursSilent"]
        watched = {item.inputs["dimensions"]["MonitoringSchedule"] for item in silent}
        every = {item.inputs["name"] for item in (*monitors_of(both), *both.of_type(MODEL_MONITORS))}
        assert watched == every
        event = json.loads(both.one(SCHEDULE, "-monitor-watch").inputs["target"]["input"])
        assert set(event["schedules"]) == every
        assert sorted(event["schedules"].values()) == ["model-monitor", "model-monitor", "open", "open"]

    def test_no_data_for_a_day_or_at_once_if_asked_for(self, one: Run, both: Run) -> None:
        common = {
            "metricName": "NoData",
            "statistic": "Maximum",
            "period": 3600,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
            "treatMissingData": "notBreaching",
        }
        for kind, runs, hours in (("data-quality", 24, 24), ("model-quality", 2, 48)):
            lasting = common | {"evaluationPeriods": hours, "datapointsToAlarm": runs}
            assert described(one.one(ALARM, f"{kind}-no-data").inputs) == lasting
        assert described(both.one(ALARM, "data-quality-no-data").inputs) == common | {"evaluationPeriods": 1}

    def test_dead_letters_of_every_function_ring(self, both: Run) -> None:
        alarms = [item for item in both.of_type(ALARM) if item.name.endswith("-dead-letters")]
        queues = {item.outputs["name"] for item in both.of_type("aws:sqs/queue:Queue")}
        watched = {item.inputs["dimensions"]["QueueName"] for item in alarms}
        assert {name for name in queues if "dead-letter-notice" not in name} == watched
        assert {item.inputs["treatMissingData"] for item in alarms} == {"ignore"}
        assert all(item.inputs["alarmDescription"].endswith(". Severity: critical") for item in alarms)

    @pytest.mark.parametrize(("kind", "hours"), [("data-quality", 3), ("model-quality", 72)])
    def test_disagreement(self, one: Run, both: Run, kind: str, hours: int) -> None:
        """Three runs that disagree, among the hours in which three are due."""
        assert not [item for item in one.of_type(ALARM) if item.name.endswith("-disagreement")]
        alarm = both.one(ALARM, f"{kind}-disagreement").inputs
        assert described(alarm) == {
            "metricName": "Agreement",
            "statistic": "Minimum",
            "period": 3600,
            "evaluationPeriods": hours,
            "datapointsToAlarm": 3,
            "comparisonOperator": "LessThanThreshold",
            "threshold": 0.9,
            "treatMissingData": "notBreaching",
        }
        assert alarm["dimensions"]["MonitoringSchedule"].endswith("-open")

    def test_beside_model_monitor_the_open_engines_failures_ring_too(self, one: Run, both: Run) -> None:
        schedules = {
            item.inputs["dimensions"]["MonitoringSchedule"]
            for item in both.of_type(ALARM)
            if item.inputs["metricName"] == "JobFailures"
        }
        assert schedules == {item.inputs["name"] for item in (*monitors_of(both), *both.of_type(MODEL_MONITORS))}
        assert len([item for item in one.of_type(ALARM) if item.inputs["metricName"] == "JobFailures"]) == 2

    def test_violations_ring_once_and_for_model_monitors_schedules(self, both: Run) -> None:
        schedules = [
            item.inputs["dimensions"]["MonitoringSchedule"]
            for item in both.of_type(ALARM)
            if item.inputs["metricName"] == "ConstraintViolations"
        ]
        assert sorted(schedules) == sorted(item.inputs["name"] for item in both.of_type(MODEL_MONITORS))

    def test_cloudwatch_takes_every_alarm(self, run_stack: Callable[..., Run]) -> None:
        """Periods times evaluation periods may be a week at most where a period has an hour or more."""
        run = run_stack(
            engine="both",
            open_engine={"disagreeing_runs": 7},
            data_quality={"schedule_expression": "cron(0 6 ? * * *)"},
        )
        for item in run.of_type(ALARM):
            assert item.inputs["period"] * item.inputs["evaluationPeriods"] <= 7 * 86400, item.name


class TestDashboard:
    NOT_RUNG = ("Growing, not yet material (features, metrics)", "Learning: windows still to be seen")

    @staticmethod
    def titles(run: Run) -> list[str]:
        body = json.loads(run.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
        return [item["properties"].get("title", "") for item in body["widgets"]]

    @staticmethod
    def text(run: Run) -> str:
        return str(run.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])

    def test_rows(self, full: Run, one: Run, both: Run) -> None:
        plainly = self.titles(full)
        assert [title for title in self.titles(one) if title not in plainly] == [
            "Runs that ended",
            "Windows without data",
            *self.NOT_RUNG,
        ]
        assert [title for title in self.titles(both) if title not in plainly] == [
            "Runs that ended",
            "Windows without data",
            "Agreement of the engines (share of features)",
            *self.NOT_RUNG,
        ]

    def test_no_widget_lies_on_another(self, both: Run) -> None:
        body = json.loads(self.text(both))
        cells = [
            (x, y)
            for item in body["widgets"]
            for x in range(item["x"], item["x"] + item["width"])
            for y in range(item["y"], item["y"] + item["height"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) == 23

    def test_metrics_per_feature_are_those_of_the_engine(self, full: Run, one: Run, both: Run) -> None:
        for run in (full, both):
            assert "aws/sagemaker/Endpoints/data-metrics" in self.text(run)
            assert '{\\"ModelMonitoring/Endpoints' not in self.text(run), "what is searched for by features"
        assert "ModelMonitoring/Endpoints/data-metrics" in self.text(one)
        assert "ModelMonitoring/Endpoints/model-metrics" in self.text(one)
        assert "aws/sagemaker/Endpoints" not in self.text(one)

    def test_logs_of_the_engines_jobs_are_shown(self, full: Run, one: Run) -> None:
        assert "/monitoring|baseline/" in self.text(full)
        assert r"/monitoring|baseline|-(dq|mq)-\\d{12}-/" in self.text(one)

    def test_every_alarm_and_every_dead_letter_queue_is_on_it(self, both: Run) -> None:
        body = self.text(both)
        assert all(item.outputs["arn"] in body for item in both.of_type(ALARM))
        queues = [item.outputs["name"] for item in both.of_type("aws:sqs/queue:Queue")]
        assert len(queues) == 5
        queues = [name for name in queues if "dead-letter-notice" not in name]  # it tells of the others, nobody of it
        assert all(name in body for name in queues)


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
