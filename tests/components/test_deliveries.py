"""How often a failed event comes: functions that ring only when no retry is left count as the component asks.

And that schedules reach whom they are to start.
"""

import json

from components.functions.function import RETRIES
from functions.common.deliveries import DELIVERIES
from tests.components.mocked_runtime import Run
from tests.components.resource_types import ROLE, SCHEDULE


def test_the_functions_wait_for_as_many_deliveries_as_lambda_makes() -> None:
    # With fewer retries than they wait for, a failure would ring nobody.
    assert DELIVERIES == RETRIES + 1


def test_the_role_of_a_schedule_with_a_key_may_read_what_it_delivers(any_stack: Run) -> None:
    """EventBridge Scheduler decrypts a schedule's input under its role; without the right it starts nothing."""
    roles = {item.outputs["arn"]: item.outputs["name"] for item in any_stack.of_type(ROLE)}
    for schedule in any_stack.of_type(SCHEDULE):
        key = schedule.inputs.get("kmsKeyArn")
        if key is None:
            continue
        role = roles[schedule.inputs["target"]["roleArn"]]
        allowed = [
            statement
            for item in any_stack.of_type("aws:iam/rolePolicy:RolePolicy")
            if item.inputs["role"] == role
            for statement in json.loads(item.inputs["policy"])["Statement"]
        ]
        assert any("kms:Decrypt" in one["Action"] and key in one["Resource"] for one in allowed), schedule.name
