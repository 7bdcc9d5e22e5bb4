"""A deployment that fails half-way, and then the program as it was: what the engine still owes must hurt nobody.

A resource that is replaced is made anew first and deleted last. If the deployment fails in between, the engine notes
down that the old one is to be deleted. When the program is reverted, it makes what the program says, and then carries
that out: a resource that is known by a name of the program's choice is refused ("already exists") or, where making it
again is no error, deleted. So a name of one's own may only be on what is deleted first, or never.
"""

from collections.abc import Callable
from typing import Final

import pytest

from tests.components.mocked_runtime import Registration, Run

# By what AWS tells one resource of a kind from another, where the program can choose it.
IDENTITY: Final = {
    "aws:appautoscaling/target:Target": "resourceId",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketObjectv2:BucketObjectv2": "key",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
    "aws-native:sagemaker:ModelQualityJobDefinition": "jobDefinitionName",
}
# Its versions have a number each, so that a name that comes again is another version.
NUMBERED: Final = "aws:lambda/layerVersion:LayerVersion"
# Objects that are found under the same key whatever they say; they are deleted first, as all with a name of one's own.
FIXED_KEYS: Final = frozenset({"churn-retraining-functions"})
SCHEDULES: Final = ("aws:scheduler/schedule:Schedule", "aws:sagemaker/monitoringSchedule:MonitoringSchedule")


def named_by_the_program(item: Registration) -> bool:
    return IDENTITY.get(item.type, "name") in item.inputs and item.type != NUMBERED


def known_names(run: Run) -> list[Registration]:
    return [item for item in run.resources if named_by_the_program(item)]


def test_what_has_a_name_of_ones_own_is_deleted_first_or_never(any_stack: Run) -> None:
    found = known_names(any_stack)
    assert found, "the dashboard at least has one"
    unsafe = {
        item.name
        for item in found
        if not (item.request.deleteBeforeReplace or item.request.retainOnDelete)
        # Its endpoint is a function's or a queue's ARN, whose name is Pulumi's: it does not come again.
        and not item.name.endswith(("-alarms-responder", "-alarms-dead-letter-notice", "-retraining-alarms"))
    }
    assert unsafe == set()


def test_every_file_under_a_key_by_content_stays(any_stack: Run) -> None:
    files = any_stack.of_type("aws:s3/bucketObjectv2:BucketObjectv2")
    by_content = [item for item in files if item.name not in FIXED_KEYS]
    assert all(item.request.retainOnDelete for item in by_content)


def test_a_schedule_that_is_renamed_goes_first(any_stack: Run) -> None:
    schedules = [item for kind in SCHEDULES for item in any_stack.of_type(kind)]
    assert schedules
    assert all(item.request.deleteBeforeReplace for item in schedules)


@pytest.mark.parametrize("variant", ["full", "everything"])
def test_definitions_have_names_of_pulumis(variant: str, run_variant: Callable[..., Run]) -> None:
    definitions = [item for item in run_variant(variant).resources if item.type.endswith("JobDefinition")]
    assert len(definitions) == 2
    for item in definitions:
        assert not {"name", "jobDefinitionName"} & set(item.inputs)


def test_whatever_is_in_a_definition_replaces_it(run_variant: Callable[..., Run]) -> None:
    """The classic provider would take another role for an update, and do nothing."""
    definition = run_variant("everything").one("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition")
    assert set(definition.request.replaceOnChanges) == set(definition.inputs) - {"tags"}
