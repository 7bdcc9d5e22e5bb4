"""Topics, the responder, metrics, alarms and the dashboard, on the mocked runtime, with exact values."""

import json
from collections.abc import Callable

import pytest

from components.archives.function import function_files
from tests.components.mocked_runtime import Run
from tests.components.registered import bucket_name, endpoint_name
from tests.components.resource_types import ALARM, FUNCTION, TOPIC


@pytest.fixture(scope="module")
def patient(run_stack: Callable[..., Run]) -> Run:
    """Whose alarms ring from the third violation on."""
    return run_stack(alerting={"violations_threshold": 3})


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

    def test_an_address_that_is_added_first_leaves_the_others_alone(
        self, full: Run, run_stack: Callable[..., Run]
    ) -> None:
        run = run_stack(alerting={"emails": ["first@example.com", "risk@example.com"]})
        kind = "aws:sns/topicSubscription:TopicSubscription"
        before, after = ({item.inputs["endpoint"]: item.name for item in found.of_type(kind)} for found in (full, run))
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

    def test_threshold(self, patient: Run) -> None:
        found = {item.name: item.inputs["threshold"] for item in patient.of_type(ALARM)}
        assert {name: found[name] for name in found if name.endswith(("-violations", "-job-failures"))} == {
            "churn-data-quality-violations": 3,
            "churn-data-quality-job-failures": 1,
            "churn-model-quality-violations": 3,
            "churn-model-quality-job-failures": 1,
        }


class TestDashboard:
    def test_it_draws_the_threshold_of_the_alarm(self, patient: Run) -> None:
        body = patient.document("aws:cloudwatch/dashboard:Dashboard", "", "dashboardBody")
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
