"""The plan for each kind of change: what is updated, what is replaced, and that endpoint and bucket stay.

tests/components/updates/plans.py says where it knows from, and what it cannot show.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local_aws.provider.replacements_sources import CLOUDFORMATION, create_only
from tests.components.conftest import KEY
from tests.components.mocked_runtime import Run
from tests.components.updates.plans import Plan, clashes, plan, properties_of

RunStack = Callable[..., Run]
VIOLATIONS = {f"churn-{kind}-violations": "update" for kind in ("data-quality", "model-quality")}
SCHEDULES = {f"churn-{kind}-schedule": "update" for kind in ("data-quality", "model-quality")}
# A new definition under a new name, the schedule pointed to it, then the old one deleted.
DATA_QUALITY_AGAIN = {"churn-data-quality": "replace", "churn-data-quality-schedule": "update"}
MODEL_QUALITY_AGAIN = {"churn-model-quality": "replace", "churn-model-quality-schedule": "update"}
BASELINES_ASKED_AGAIN = {f"churn-{kind}-baseline": "replace" for kind in ("data-quality", "model-quality")}
# A configuration is immutable; the endpoint is given the new one, and serves on meanwhile. Whether it took it is asked.
ENDPOINT_CONFIGURED = {"churn-config": "replace", "churn-endpoint": "update", "churn-endpoint-checked": "replace"}
FUNCTIONS = (
    "check-endpoint",
    "start-baseline",
    "processing-metrics",
    "alarm-responder",
    "monitor-watch",
    "dead-letter-notice",
)
EMAILS = ["risk@example.com"]


@dataclass(frozen=True)
class Change:
    """One change of arguments and what it does to which resource; everything else stays as it is."""

    name: str
    arguments: dict[str, Any]
    plan: Plan = field(default_factory=dict)


CHANGES = [
    Change("nothing", {}),
    Change(
        "when a monitor runs",
        {"data_quality": {"schedule_expression": "cron(0 0/6 ? * * *)"}},
        # The responder is told how long a window is: its messages say from when to when the data are.
        {
            "churn-alarm-responder": "update",
            **{f"churn-data-quality-{name}": "update" for name in ("schedule", "no-data", "silent")},
        },
    ),
    Change("what a monitor runs on", {"data_quality": {"instance_type": "ml.m5.2xlarge"}}, DATA_QUALITY_AGAIN),
    Change("how long it may run", {"data_quality": {"max_runtime_in_seconds": 1800}}, DATA_QUALITY_AGAIN),
    Change(
        "threshold of an alarm",
        {"alerting": {"emails": EMAILS, "violations_threshold": 2}},
        {**VIOLATIONS, "churn-dashboard": "update"},
    ),
    Change(
        "retention of logs",
        {"log_retention_in_days": 7},
        {f"churn-{name}-logs": "update" for name in FUNCTIONS},
    ),
    Change("retention of captures", {"storage": {"captured_data_days": 7}}, {"churn-lifecycle": "update"}),
    Change(
        "what a destroy keeps",
        {"retain_data": False},
        {"churn-data": "update"},
    ),
    Change("protection", {"protect": True}),
]


def outcome(full: Run, run_stack: RunStack, arguments: dict[str, Any]) -> Plan:
    """The plan; what must hold of every plan is held here."""
    planned, after = plan(full, partial(run_stack, **arguments))
    assert planned.get("churn-data") in {None, "update"}, "the bucket is never replaced"
    assert planned.get("churn-endpoint") in {None, "update"}, "the endpoint is never replaced"
    assert clashes(full, after, planned) == set(), "a successor must not have its predecessor's name"
    return planned


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_plan(full: Run, run_stack: RunStack, change: Change) -> None:
    assert outcome(full, run_stack, change.arguments) == change.plan


def test_machine_of_the_endpoint(full: Run, run_stack: RunStack, model_archive: Path) -> None:
    for option in ({"instance_type": "ml.m5.large"}, {"instance_count": 2}, {"sampling_percentage": 20}):
        endpoint = {"model": pulumi.FileAsset(str(model_archive)), **option}
        assert outcome(full, run_stack, {"endpoint": endpoint}) == ENDPOINT_CONFIGURED


def test_autoscaling(full: Run, run_stack: RunStack, model_archive: Path) -> None:
    fixed = {"model": pulumi.FileAsset(str(model_archive)), "instance_type": "ml.m5.large"}
    before = run_stack(endpoint=fixed)
    switched_on = {**fixed, "autoscaling": {"max_capacity": 4}}
    assert outcome(before, run_stack, {"endpoint": switched_on}) == {
        "churn-scaling-target": "create",
        "churn-scaling-policy": "create",
    }
    higher = {**fixed, "autoscaling": {"max_capacity": 8}}
    assert outcome(run_stack(endpoint=switched_on), run_stack, {"endpoint": higher}) == {
        "churn-scaling-target": "update"
    }


def test_model(full: Run, run_stack: RunStack, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"\x1f\x8banother")
    assert outcome(full, run_stack, {"endpoint": {"model": pulumi.FileAsset(str(path))}}) == {
        "churn-archive": "replace",
        "churn-model": "replace",
        **ENDPOINT_CONFIGURED,
    }


def test_baseline_data(full: Run, run_stack: RunStack, tmp_path: Path, baseline_csv: Path) -> None:
    path = tmp_path / "baseline.csv"
    path.write_bytes(baseline_csv.read_bytes() + b"1,0.8,52\n")
    assert outcome(full, run_stack, {"baseline": {"data": pulumi.FileAsset(str(path))}}) == {
        "churn-data-quality-baseline-data": "replace",
        "churn-data-quality-baseline": "replace",
        **DATA_QUALITY_AGAIN,
        "churn-alarm-responder": "update",  # it quotes the baseline in its messages
    }


def test_machine_of_the_baseline(full: Run, run_stack: RunStack, baseline_csv: Path) -> None:
    baseline = {"data": pulumi.FileAsset(str(baseline_csv)), "instance_type": "ml.m5.2xlarge"}
    # The function is asked again, for jobs of the same names, and starts none (test_endpoint_and_baseline).
    assert outcome(full, run_stack, {"baseline": baseline}) == BASELINES_ASKED_AGAIN


def test_thresholds_of_a_baseline(run_variant: RunStack, run_stack: RunStack, variants: dict[str, Any]) -> None:
    files = variants["files"]
    milder = {**files, "data_quality": {"thresholds": {"comparison_threshold": 0.5}}}
    assert outcome(run_variant("files"), run_stack, milder) == {
        # Statistics and constraints lie in one folder, named after both.
        "churn-data-quality-statistics": "replace",
        "churn-data-quality-constraints": "replace",
        **DATA_QUALITY_AGAIN,
        "churn-alarm-responder": "update",
    }


def test_from_a_job_to_files(full: Run, run_stack: RunStack, variants: dict[str, Any]) -> None:
    planned = outcome(full, run_stack, {"baseline": variants["files"]["baseline"]})
    assert planned["churn-data-quality-baseline"] == "delete"
    assert planned["churn-data-quality-statistics"] == planned["churn-data-quality-constraints"] == "create"
    assert {key: planned[key] for key in DATA_QUALITY_AGAIN} == DATA_QUALITY_AGAIN
    assert "churn-start-baseline" not in planned, "the model-quality baseline still needs it"


def test_tags(full: Run, run_stack: RunStack) -> None:
    planned = outcome(full, run_stack, {"tags": {"team": "other"}})
    # Of this definition alone tags cannot be changed; its name has them in it, so its successor does not clash.
    assert {name for name, action in planned.items() if action == "replace"} == {
        "churn-model-quality",
        *BASELINES_ASKED_AGAIN,
    }
    assert planned["churn-data"] == planned["churn-endpoint"] == planned["churn-data-quality"] == "update"


def test_key(full: Run, run_stack: RunStack) -> None:
    planned = outcome(full, run_stack, {"kms_key_arn": KEY})
    assert {name for name, action in planned.items() if action == "replace"} == {
        "churn-config",
        "churn-endpoint-checked",
        "churn-data-quality",
        "churn-model-quality",
        *BASELINES_ASKED_AGAIN,
    }
    assert planned["churn-encryption"] == planned["churn-endpoint"] == "update"
    assert planned | SCHEDULES == planned


def test_network(full: Run, run_stack: RunStack) -> None:
    network = {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0b"]}
    planned = outcome(full, run_stack, {"network": network})
    assert planned == {
        "churn-model-role-policy": "update",
        "churn-monitor-role-policy": "update",
        "churn-model": "replace",
        **ENDPOINT_CONFIGURED,
        **DATA_QUALITY_AGAIN,
        **MODEL_QUALITY_AGAIN,
        **BASELINES_ASKED_AGAIN,
    }


@pytest.mark.parametrize("engine", ["open", "both"])
def test_another_engine(full: Run, run_stack: RunStack, engine: str) -> None:
    """The one-line change for an account that Model Monitor is closed to, or that wants to see whether they agree."""
    planned = outcome(full, run_stack, {"engine": engine})
    assert "churn-data" not in planned
    assert "churn-endpoint" not in planned
    definitions = {"churn-data-quality", "churn-model-quality"}
    assert {planned.get(name) for name in definitions} == ({"delete"} if engine == "open" else {None})


def test_a_monitor_is_switched_off(full: Run, run_stack: RunStack) -> None:
    planned = outcome(full, run_stack, {"model_quality": None})
    gone = {name for name, action in planned.items() if action == "delete"}
    assert {"churn-model-quality", "churn-model-quality-schedule", "churn-model-quality-baseline"} <= gone
    assert all("model-quality" in name for name in gone)


class TestWhatThePlansRestOn:
    @pytest.mark.parametrize(("token", "kind"), CLOUDFORMATION.items())
    def test_every_create_only_property_is_one_of_the_provider(self, token: str, kind: str) -> None:
        """A property under another name would go unnoticed, and with it a replacement."""
        assert set(create_only(kind).values()) - properties_of(token) == set()

    def test_of_native_resources_the_provider_says_it(self, full: Run) -> None:
        native = full.one("aws-native:sagemaker:ModelQualityJobDefinition")
        assert {"jobDefinitionName", "jobResources", "roleArn"} <= set(native.request.replaceOnChanges)

    def test_a_fixed_name_would_be_found(self, full: Run, run_stack: RunStack, monkeypatch: pytest.MonkeyPatch) -> None:
        planned, after = plan(full, partial(run_stack, data_quality={"instance_type": "ml.m5.2xlarge"}))
        old, new = (run.one("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition") for run in (full, after))
        for definition in (old, new):
            monkeypatch.setitem(definition.inputs, "name", "the same")
        assert clashes(full, after, planned) == {"churn-data-quality"}
