"""docs/component.md's table of updates, as the engine carries them out, forward and back.

The plans are those that tests/components/updates/test_updates.py makes without an engine.
"""

import json
import shutil
from typing import Any

import pytest

from deployment.operations import Environment
from tests.engine.carried_out import Plan, carried_out
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

ACCOUNT = "123456789012"
# As docs/component.md has it: the account, and the two services that have no role.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:*"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"}
            },
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        },
    ],
}
DATA_QUALITY_AGAIN = {"data-quality": "replace", "data-quality-schedule": "update"}
MODEL_QUALITY_AGAIN = {"model-quality": "replace", "model-quality-schedule": "update"}
BASELINES_ASKED_AGAIN = {"data-quality-baseline": "replace", "model-quality-baseline": "replace"}
ENDPOINT_CONFIGURED = {"config": "replace", "endpoint": "update", "endpoint-checked": "replace"}
CHANGES: dict[str, tuple[dict[str, Any], Plan]] = {
    "a monitor's schedule": (
        {"monitoring.data_quality.schedule_expression": "cron(0 0/6 ? * * *)"},
        # Both alarms count the schedule's periods, and the responder tells from when to when a window's data are.
        {
            "data-quality-schedule": "update",
            "data-quality-silent": "update",
            "data-quality-no-data": "update",
            "alarm-responder": "update",
        },
    ),
    "a monitor's instance": ({"monitoring.data_quality.instance_type": "ml.m5.2xlarge"}, DATA_QUALITY_AGAIN),
    "an alarm's threshold": (
        {"monitoring.alerting.violations_threshold": 2},
        {"data-quality-violations": "update", "model-quality-violations": "update", "dashboard": "update"},
    ),
    "the endpoint's count": ({"monitoring.endpoint.instance_count": 2}, ENDPOINT_CONFIGURED),
    "the model": (
        {"model_artifact": "another model"},
        {"archive": "replace", "model": "replace", **ENDPOINT_CONFIGURED},
    ),
    "the network": (
        {
            "monitoring.network.subnet_ids[0]": "subnet-0a1b2c3d",
            "monitoring.network.security_group_ids[0]": "sg-0a1b2c3d",
        },
        {
            "model-role-policy": "update",
            "monitor-role-policy": "update",
            "model": "replace",
            **ENDPOINT_CONFIGURED,
            **DATA_QUALITY_AGAIN,
            **MODEL_QUALITY_AGAIN,
            **BASELINES_ASKED_AGAIN,
        },
    ),
    "a baseline's data": (
        {"baseline_data": "another baseline"},
        {
            "data-quality-baseline-data": "replace",
            "data-quality-baseline": "replace",
            **DATA_QUALITY_AGAIN,
            "alarm-responder": "update",
        },
    ),
    "how long logs are kept": (
        {"log_retention_in_days": 14},
        {
            f"{name}-logs": "update"
            for name in (
                "check-endpoint",
                "start-baseline",
                "processing-metrics",
                "alarm-responder",
                "monitor-watch",
                "dead-letter-notice",
            )
        },
    ),
    "what a destroy keeps": ({"retain_data": True}, {"data": "update"}),
    "protection": ({"protect": True}, {}),
}
# What touches nearly everything: what it replaces. The rest is updated.
WIDE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "tags": ({"monitoring.tags.project": "other"}, {"model-quality", *BASELINES_ASKED_AGAIN}),
    "the key": (
        {"monitoring.kms_key_arn": "a key"},
        {"config", "endpoint-checked", "data-quality", "model-quality", *BASELINES_ASKED_AGAIN},
    ),
}


@pytest.mark.matrix
def test_every_change_forward_and_back(lab: Lab) -> None:
    environment, found = there_and_back(lab, {}, {name: change for name, (change, _) in CHANGES.items()})
    plans = {name: plan for name, (_, plan) in CHANGES.items()}
    assert {name: forward for name, (forward, _) in found.items()} == plans
    assert {name: back for name, (_, back) in found.items()} == plans
    environment.destroy()


@pytest.mark.matrix
def test_what_touches_nearly_everything(lab: Lab) -> None:
    kms = lab.cloud.client("kms")
    key = kms.create_key(Policy=json.dumps(KEY_POLICY))["KeyMetadata"]["Arn"]
    changes = {name: {k: key if v == "a key" else v for k, v in change.items()} for name, (change, _) in WIDE.items()}
    environment, found = there_and_back(lab, {}, changes)
    for name, (_, replaced) in WIDE.items():
        for plan in found[name]:
            assert {resource for resource, action in plan.items() if action == "replace"} == replaced, name
            assert set(plan.values()) == {"replace", "update"}
    environment.destroy()
    kms.schedule_key_deletion(KeyId=key)


@pytest.mark.matrix
def test_a_threshold_of_a_baseline(lab: Lab) -> None:
    change = {"monitoring.data_quality.thresholds.comparison_threshold": 0.5}
    environment, found = there_and_back(lab, {"compute_baselines_here": True}, {"threshold": change})
    # Statistics and constraints lie in one folder, named after both.
    plan = {
        "data-quality-statistics": "replace",
        "data-quality-constraints": "replace",
        **DATA_QUALITY_AGAIN,
        "alarm-responder": "update",
    }
    assert found["threshold"] == (plan, plan)
    environment.destroy()


def there_and_back(
    lab: Lab, base: dict[str, Any], changes: dict[str, dict[str, Any]]
) -> tuple[Environment, dict[str, tuple[Plan, Plan]]]:
    """Deploy dev with Model Monitor, then every change and the way back from it: what was done to what, each way."""
    environment = lab.environment("dev")
    environment.configure({"engine": "model-monitor", **base})
    environment.up()
    settings = lab.folder / "settings.yaml"
    shutil.copy(lab.program / "Pulumi.dev.yaml", settings)
    files = another_model_and_baseline(lab)
    found: dict[str, tuple[Plan, Plan]] = {}
    for name, change in changes.items():
        environment.configure({key: files.get(value, value) for key, value in change.items()})
        forward = carried_out(environment)
        assert_all_that_is_in_use_is_there(lab.cloud)
        shutil.copy(settings, lab.program / "Pulumi.dev.yaml")
        back = carried_out(environment)
        assert_all_that_is_in_use_is_there(lab.cloud)
        assert environment.preview().changed == 0
        found[name] = forward, back
    return environment, found


def another_model_and_baseline(lab: Lab) -> dict[Any, str]:
    """Their paths, by the words that stand for them in the table."""
    model = shutil.copytree(lab.program / "model" / "artifact", lab.folder / "another")
    (model / "note.txt").write_text("another model")
    baseline = lab.folder / "another.csv"
    rows = (lab.program / "model" / "baseline.csv").read_text()
    baseline.write_text(rows + rows.splitlines()[-1] + "\n")
    return {"another model": str(model), "another baseline": str(baseline)}


@pytest.mark.matrix
def test_from_engine_to_engine(lab: Lab) -> None:
    """Bucket, endpoint and topics stay as they are; what watches changes hands."""
    environment = lab.environment("dev")
    for engine in ("both", "open", "model-monitor", "both", "model-monitor", "open"):
        environment.configure({"engine": engine})
        done = carried_out(environment)
        assert done.get("data", "create") == done.get("endpoint", "create") == "create"
        assert_all_that_is_in_use_is_there(lab.cloud)
        assert environment.preview().changed == 0
    environment.destroy()
