"""What functions publish of a schedule; the components make alarms of the same names."""

from collections.abc import Mapping
from typing import Any


def publish(
    cloudwatch: Any, namespace: str, endpoint: str, schedule: str, metrics: Mapping[str, float], *, unit: str = "Count"
) -> None:
    """Without a timestamp: CloudWatch stamps the moment of arrival, which is when the alarms look."""
    dimensions = [
        {"Name": "Endpoint", "Value": endpoint},
        {"Name": "MonitoringSchedule", "Value": schedule},
    ]
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
            for name, value in metrics.items()
        ],
    )
