"""How often a failed event comes: functions that ring only when no retry is left count as the component asks."""

from components.functions.function import RETRIES
from functions.monitor_window import handler as monitor_window
from functions.start_monitor import start_failures as start_monitor


def test_the_functions_wait_for_as_many_deliveries_as_lambda_makes() -> None:
    # With fewer retries than they wait for, a failure would ring nobody.
    assert monitor_window.DELIVERIES == start_monitor.DELIVERIES == RETRIES + 1
