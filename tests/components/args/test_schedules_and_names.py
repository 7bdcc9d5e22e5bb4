"""Schedules, offsets, names, numbers and boundaries: what is taken and what is not."""

from pathlib import Path

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.args import (
    ArgumentError,
    DataQualitySettings,
    EndpointSettings,
    ModelQualitySettings,
    ScheduleExpression,
    StorageSettings,
    check_component_name,
    common_settings,
)
from components.naming import MAX_COMPONENT_NAME


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", 1),
        ("cron(0 6 ? * * *)", 24),
        ("cron(0 23 ? * * *)", 24),
        ("cron(0 0/6 ? * * *)", 6),
        ("cron(0 17/1 ? * * *)", 1),
        ("cron(0 0/25 ? * * *)", None),
        ("cron(0 24 ? * * *)", None),
        ("cron(0 99 ? * * *)", None),
        ("cron(0 0/0 ? * * *)", None),
        ("cron(30 * ? * * *)", None),
        ("cron(0 * * * ? *)", None),
        ("every hour", None),
        ("", None),
    ],
)
def test_schedules_that_sagemaker_takes(expression: str, hours: int | None) -> None:
    if hours is None:
        with pytest.raises(ValueError, match=r"write cron\(0|must be from 1 to 24"):
            ScheduleExpression.parse(expression)
    else:
        assert ScheduleExpression.parse(expression).period_hours == hours


def test_a_run_must_end_before_the_next_begins() -> None:
    settings = DataQualitySettings.from_args(
        {"schedule_expression": "cron(0 0/2 ? * * *)", "max_runtime_in_seconds": 7200}
    )
    assert settings.max_runtime_in_seconds == 7200
    with pytest.raises(ArgumentError, match="must be from 60 to 7200"):
        DataQualitySettings.from_args({"schedule_expression": "cron(0 0/2 ? * * *)", "max_runtime_in_seconds": 7201})


def test_hourly_model_quality_has_half_an_hour() -> None:
    hourly = {"problem_type": "Regression", "schedule_expression": "cron(0 * ? * * *)"}
    with pytest.raises(ArgumentError, match="max_runtime_in_seconds is 1801: must be from 60 to 1800"):
        ModelQualitySettings.from_args({**hourly, "max_runtime_in_seconds": 1801})  # type: ignore[typeddict-item]
    daily = ModelQualitySettings.from_args({"problem_type": "Regression", "max_runtime_in_seconds": 86400})
    assert daily.max_runtime_in_seconds == 86400


@pytest.mark.parametrize("offset", ["-P1D", "-PT1H", "-P8D", "-PT6H", "-P1DT6H", "-PT90M"])
def test_offsets(offset: str) -> None:
    settings = ModelQualitySettings.from_args({"problem_type": "Regression", "start_time_offset": offset})
    assert settings.start_time_offset == offset


@pytest.mark.parametrize("offset", ["P1D", "-P", "-PT", "-1D", "1 day", "-P1DT", ""])
def test_offsets_that_are_none(offset: str) -> None:
    with pytest.raises(ArgumentError, match="must be a duration back in time such as -P1D"):
        ModelQualitySettings.from_args({"problem_type": "Regression", "end_time_offset": offset})


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Churn", "lower-case"),
        ("1churn", "lower-case"),
        ("churn_1", "lower-case"),
        ("churn--1", "lower-case"),
        ("churn-", "lower-case"),
        ("", "lower-case"),
        ("c" * (MAX_COMPONENT_NAME + 1), "has 33 characters; shorten it to 32"),
    ],
)
def test_names_of_components(name: str, problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        check_component_name(name)


def test_names_that_can_be_used() -> None:
    for name in ("c", "churn-2", "model-monitoring-staging", "c" * MAX_COMPONENT_NAME):
        check_component_name(name)


def test_whole_numbers_may_come_as_floats(model_archive: Path) -> None:
    model = pulumi.FileAsset(str(model_archive))
    settings = EndpointSettings.from_args({"model": model, "instance_count": 3.0})  # type: ignore[typeddict-item]
    assert settings.instance_count == 3
    assert isinstance(settings.instance_count, int)


@given(st.integers(-10, 200))
def test_days_are_refused_exactly_outside_their_limits(days: int) -> None:
    try:
        settings = StorageSettings.from_args({"captured_data_days": days})
    except ArgumentError:
        assert days < 1
    else:
        assert settings.captured_data_days == days >= 1


def test_boundaries_of_every_partition() -> None:
    for arn in ("arn:aws-cn:iam::123456789012:policy/x", "arn:aws-us-gov:iam::aws:policy/path/x"):
        assert common_settings({"permissions_boundary_arn": arn}).permissions_boundary_arn == arn
