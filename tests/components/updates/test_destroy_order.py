"""What a destroy does first: the engine deletes whatever depends on a resource before the resource.

Shown is the order that follows from the recorded registrations. That AWS accepts it is shown by a destroy on the
embedded AWS (tests/apply/test_apply_program.py), and by the classic provider's own waiting: its delete of a schedule
returns once SageMaker no longer knows the schedule (internal/service/sagemaker/monitoring_schedule.go).
"""

from functools import cache

import pytest

from tests.components.mocked_runtime import Run


def gone_before(run: Run, name: str) -> set[str]:
    """Every resource that the engine deletes before `name`: what depends on it, near or far."""
    dependants: dict[str, set[str]] = {}
    for item in run.resources:
        # The alarm on a queue of dead letters has the queue's name.
        for needed in item.depends_on - {item.name}:
            dependants.setdefault(needed, set()).add(item.name)

    @cache
    def all_of(needed: str) -> frozenset[str]:
        direct = dependants.get(needed, set())
        return frozenset(direct).union(*(all_of(item) for item in direct))

    return set(all_of(name))


def named(run: Run, *ends: str) -> set[str]:
    return {item.name for item in run.resources if item.request.custom and item.name.endswith(ends)}


def test_schedules_stop_before_their_definitions_go(any_stack: Run) -> None:
    for schedule in named(any_stack, "-schedule"):
        assert schedule in gone_before(any_stack, schedule.removesuffix("-schedule"))


def test_the_endpoint_outlives_its_schedules_definitions_and_scaling(full: Run, any_stack: Run) -> None:
    before = gone_before(full, "churn-endpoint")
    assert named(full, "-schedule", "churn-data-quality", "churn-model-quality") <= before
    if named(any_stack, "churn-endpoint"):
        scaling = named(any_stack, "-scaling-target", "-scaling-policy")
        assert scaling <= gone_before(any_stack, "churn-endpoint")


def test_the_configuration_outlives_the_endpoint_and_the_model_the_configuration(full: Run) -> None:
    assert "churn-endpoint" in gone_before(full, "churn-config")
    assert "churn-config" in gone_before(full, "churn-model")
    assert "churn-model" in gone_before(full, "churn-archive")


def test_whoever_acts_under_a_role_is_gone_before_it(any_stack: Run) -> None:
    """A job that ends without its role writes nothing, and a function without its policy fails on its last event."""
    actors = {
        "model": "churn-model",
        "start-baseline": "churn-start-baseline",
        "processing-metrics": "churn-processing-metrics",
        "alarm-responder": "churn-alarm-responder",
    }
    for role, actor in actors.items():
        if named(any_stack, f"{actor}-role"):
            for kept in (f"churn-{role}-role", f"churn-{role}-role-policy"):
                assert actor in gone_before(any_stack, kept)
    for definition in named(any_stack, "churn-data-quality", "churn-model-quality"):
        assert definition in gone_before(any_stack, "churn-monitor-role-policy")


def test_the_bucket_goes_when_nobody_writes_to_it(any_stack: Run) -> None:
    """With its versions: `forceDestroy` deletes every version and delete marker, if data are not retained."""
    writers = named(any_stack, "churn-endpoint", "-schedule", "churn-alarm-responder", "churn-processing-metrics")
    assert writers <= gone_before(any_stack, "churn-data")
    # Its policy and settings too: a bucket that has no policy any more has nobody left who could write to it.
    assert writers <= gone_before(any_stack, "churn-policy")


def test_log_groups_outlive_their_functions(any_stack: Run) -> None:
    """Otherwise a last log line makes the group again, without an end to its retention."""
    for group in named(any_stack, "-logs"):
        assert group.removesuffix("-logs") in gone_before(any_stack, group)


def test_topics_and_queues_outlive_who_sends_to_them(any_stack: Run) -> None:
    found = any_stack.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    # The alarm that only brings an endpoint's old model back tells nobody.
    alarms = {item.name for item in found if item.inputs.get("alarmActions")}
    assert alarms or not found
    assert alarms <= gone_before(any_stack, "churn-alarms")
    assert "churn-alarm-responder" in gone_before(any_stack, "churn-notifications")
    assert "churn-alarm-responder" in gone_before(any_stack, "churn-alarm-responder-dead-letters")


@pytest.mark.parametrize("name", ["churn-endpoint", "churn-data", "churn-policy"])
def test_the_order_is_no_matter_of_luck(full: Run, name: str) -> None:
    """Something depends on each of these, or the tests above would hold of anything."""
    assert len(gone_before(full, name)) > 3
    assert name not in gone_before(full, name)
