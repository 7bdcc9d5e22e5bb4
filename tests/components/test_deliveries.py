"""How often a failed event comes: functions that ring only when no retry is left count as the component asks."""

from components.functions.function import RETRIES
from functions.common.deliveries import DELIVERIES


def test_the_functions_wait_for_as_many_deliveries_as_lambda_makes() -> None:
    # With fewer retries than they wait for, a failure would ring nobody.
    assert DELIVERIES == RETRIES + 1
