"""What a destroy must not touch, and what changed behind Pulumi's back."""

import pytest

from deployment.errors import AutomationError
from local_aws.apply import inventory
from tests.engine.deployed import Deployed
from tests.engine.lab import Lab


def test_a_protected_stack_is_refused_before_anything_is_touched(dev: Deployed) -> None:
    environment = dev.lab.environment("dev", in_process=True)
    environment.configure({"protect": True})
    environment.up()
    before = _lasting(dev.lab)
    with pytest.raises(AutomationError, match="protect") as refused:
        environment.destroy()
    assert "\n" not in str(refused.value)
    assert _lasting(dev.lab) == before
    assert environment.preview().changed == 0
    # Whoever uses the stack last destroys it.
    environment.configure({"protect": False})
    environment.up()


def _lasting(lab: Lab) -> dict[str, frozenset[str]]:
    """What is there, but for jobs that run: a baseline's ends in its own time."""
    return {kind: names for kind, names in inventory(lab.cloud).items() if not kind.endswith("in progress")}


@pytest.mark.matrix
def test_what_is_changed_or_deleted_by_hand_is_found_and_put_right(lab: Lab) -> None:
    environment = lab.environment("dev")
    outputs = environment.up().outputs
    cloudwatch, iam, logs = (lab.cloud.client(service) for service in ("cloudwatch", "iam", "logs"))
    s3, function = lab.cloud.client("s3"), outputs["responder_function_name"]
    cloudwatch.delete_alarms(AlarmNames=[outputs["job_failures_alarm_name"]])
    alarm = _alarm(lab, outputs["constraint_violations_alarm_name"])
    cloudwatch.put_metric_alarm(**{key: value for key, value in alarm.items() if key in PUT}, Threshold=99.0)
    groups = logs.describe_log_groups()["logGroups"]
    group = next(item["logGroupName"] for item in groups if item.get("retentionInDays") == 7)
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    s3.put_bucket_versioning(Bucket=outputs["bucket_name"], VersioningConfiguration={"Status": "Suspended"})
    role = lab.cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
    policy = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    wide = {**document, "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=str(wide).replace("'", '"'))

    assert environment.refresh().changes == {"delete": 1, "update": 4, "same": pytest.approx(100, abs=25)}
    again = environment.up()
    # The fifth is the dashboard, which shows the new alarm.
    assert again.changes == {"create": 1, "update": 5, "same": pytest.approx(100, abs=25)}
    assert _alarm(lab, again.outputs["job_failures_alarm_name"])
    assert _alarm(lab, outputs["constraint_violations_alarm_name"])["Threshold"] == alarm["Threshold"]
    assert iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"] == document
    assert s3.get_bucket_versioning(Bucket=outputs["bucket_name"])["Status"] == "Enabled"
    assert environment.refresh().changed == 0
    environment.destroy()


PUT = frozenset(
    [
        "AlarmName",
        "AlarmActions",
        "OKActions",
        "AlarmDescription",
        "ComparisonOperator",
        "EvaluationPeriods",
        "MetricName",
        "Namespace",
        "Period",
        "Statistic",
        "ExtendedStatistic",
        "Dimensions",
        "TreatMissingData",
        "Metrics",
        "DatapointsToAlarm",
    ]
)


def _alarm(lab: Lab, name: str) -> dict[str, object]:
    found: list[dict[str, object]] = lab.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0]
