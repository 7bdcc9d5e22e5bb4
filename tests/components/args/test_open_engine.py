"""The open engine's arguments: what they default to, and what is refused."""

from typing import Any

import pulumi
import pytest

from components.args import OpenEngineSettings, SmallWindowsSettings, StackSettings
from components.args.open_engine import LONGEST_GRACE
from components.monitors.open_engine.schedules import FLEXIBLE_MINUTES
from tests.components.conftest import MakeArgs
from tests.components.refusals import refused

LAYER = pulumi.AssetArchive({"python/numpy.py": pulumi.StringAsset("")})


@pytest.mark.parametrize("engine", ["open", "both"])
def test_it_needs_none(make_args: MakeArgs, engine: str) -> None:
    found = StackSettings.from_args("churn", make_args(engine=engine)).open_engine
    assert found == OpenEngineSettings(
        grace_in_minutes=20,
        late_hours=6,
        false_alarms_per_year=1.0,
        rules="calibrated",
        learn_windows=True,
        season="auto",
        max_unreadable_share=0.1,
        instance_count=1,
        small_windows=None,
        feature_metrics="findings",
        alarm_on_no_data=False,
        result_tables=None,
        model_version=None,
        least_agreement=0.9,
        disagreeing_runs=3,
    )


def test_everything_can_be_chosen(make_args: MakeArgs) -> None:
    given = {
        "grace_in_minutes": 0,
        "late_hours": 0,
        "false_alarms_per_year": 12,
        "rules": "model-monitor",
        "learn_windows": False,
        "season": "weekend",
        "max_unreadable_share": 0,
        "instance_count": 4,
        "small_windows": {"layer": LAYER, "max_megabytes": 8},
        "feature_metrics": "all",
        "alarm_on_no_data": True,
        "result_tables_uri": "account",
        "model_version": "churn/7",
        "least_agreement": 0,
        "disagreeing_runs": 7,
    }
    assert StackSettings.from_args("churn", make_args(engine="both", open_engine=given)).open_engine == (
        OpenEngineSettings(
            grace_in_minutes=0,
            late_hours=0,
            false_alarms_per_year=12.0,
            rules="model-monitor",
            learn_windows=False,
            season="weekend",
            max_unreadable_share=0.0,
            instance_count=4,
            small_windows=SmallWindowsSettings(layer=LAYER, max_bytes=8 * 1024 * 1024),
            feature_metrics="all",
            alarm_on_no_data=True,
            result_tables="account",
            model_version="churn/7",
            least_agreement=0.0,
            disagreeing_runs=7,
        )
    )


def test_the_longest_grace_leaves_a_run_in_its_hour() -> None:
    """A run that starts as late as it may is still in the hour that its window is computed from."""
    assert LONGEST_GRACE + FLEXIBLE_MINUTES < 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grace_minutes": 5}, "open_engine.grace_minutes is not an argument: did you mean 'grace_in_minutes'?"),
        ({"grace_in_minutes": 55}, "open_engine.grace_in_minutes is 55: must be from 0 to 54"),
        ({"late_hours": 73}, "open_engine.late_hours is 73: must be from 0 to 72"),
        ({"false_alarms_per_year": 0}, "open_engine.false_alarms_per_year is 0: must be a number from 0.001 to 1000"),
        ({"max_unreadable_share": 1.5}, "open_engine.max_unreadable_share is 1.5: must be a number from 0.0 to 1.0"),
        ({"instance_count": 0}, "open_engine.instance_count is 0: must be from 1 to 100"),
        ({"small_windows": {"layer": "a.zip"}}, "open_engine.small_windows.layer is 'a.zip': give a pulumi.F"),
        ({"small_windows": True}, "open_engine.small_windows is True: give a dictionary with layer, max_megabytes"),
        ({"small_windows": {"layer": LAYER, "max_megabytes": 201}},
         "open_engine.small_windows.max_megabytes is 201: must be from 0 to 200"),
        ({"alarm_on_no_data": "yes"}, "open_engine.alarm_on_no_data is 'yes': must be true or false"),
        ({"least_agreement": -0.1}, "open_engine.least_agreement is -0.1: must be a number from 0.0 to 1.0"),
        ({"disagreeing_runs": 8}, "open_engine.disagreeing_runs is 8: must be from 1 to 7"),
        ({"result_tables_uri": "bucket/x"},
         "open_engine.result_tables_uri is 'bucket/x': must be account, or a place such as s3://bucket/prefix"),
        ({"model_version": "v" * 257}, "open_engine.model_version is "),
    ],
)  # fmt: skip
def test_refusals(make_args: MakeArgs, changes: dict[str, Any], message: str) -> None:
    assert refused(make_args, engine="open", open_engine=changes).startswith(message)


def test_without_the_engine(make_args: MakeArgs) -> None:
    assert refused(make_args, open_engine={}) == (
        "open_engine is given and engine is model-monitor: set engine to open or both, or remove it"
    )


@pytest.mark.parametrize(("key", "value"), [("least_agreement", 0.5), ("disagreeing_runs", 2)])
def test_what_only_two_engines_have(make_args: MakeArgs, key: str, value: float) -> None:
    assert refused(make_args, engine="open", open_engine={key: value}) == (
        f"open_engine.{key} is given and engine is open: no engines are compared; set engine to both, or remove it"
    )
    StackSettings.from_args("churn", make_args(engine="both", open_engine={key: value}))


@pytest.mark.parametrize("engine", ["open", "both"])
@pytest.mark.parametrize("monitor", ["data_quality", "model_quality"])
def test_windows_that_would_not_join(make_args: MakeArgs, engine: str, monitor: str) -> None:
    given = {"schedule_expression": "cron(0 0/5 ? * * *)"}
    if monitor == "model_quality":
        given["problem_type"] = "BinaryClassification"
    assert refused(make_args, engine=engine, **{monitor: given}) == (
        f"{monitor}.schedule_expression is 'cron(0 0/5 ? * * *)': with the open engine the hours between two runs must "
        "divide 24"
    )


def test_jobs_that_publish_their_metrics_cannot_be_isolated(make_args: MakeArgs) -> None:
    network = {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0c"], "isolation": True}
    StackSettings.from_args("churn", make_args(network=network))
    assert refused(make_args, engine="open", network=network).startswith(
        "network.isolation is True: the open engine's jobs publish their metrics themselves"
    )
