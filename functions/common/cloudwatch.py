"""What functions publish of a schedule."""

from collections.abc import Mapping
from typing import Any

from contract.metrics import of_schedule


def publish(
    cloudwatch: Any,
    namespace: str,
    endpoint: str,
    schedule: str,
    metrics: Mapping[str, float],
    *,
    unit: str = "Count",
    by_second: bool = False,
) -> None:
    """Without a timestamp: CloudWatch stamps the moment of arrival, which is when the alarms look.

    `by_second`: kept by the second, so that an alarm can look every ten seconds.
    """
    more = {"StorageResolution": 1} if by_second else {}
    dimensions = [{"Name": name, "Value": value} for name, value in of_schedule(endpoint, schedule).items()]
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit, **more}
            for name, value in metrics.items()
        ],
    )
