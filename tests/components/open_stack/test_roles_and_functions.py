"""What the open engine's roles may do, and what its functions are given."""

import json
from collections.abc import Callable

import pytest

from components.archives.function import function_files
from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import arn, of_role
from tests.components.registered import endpoint_name, statements
from tests.components.resource_types import BUCKET, FUNCTION, ROLE


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
