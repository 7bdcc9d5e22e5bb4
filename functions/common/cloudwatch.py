"""What functions publish of a schedule."""

from collections.abc import Collection, Mapping
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
    by_second: Collection[str] = (),
) -> None:
    """Publish metrics without a timestamp: CloudWatch stamps the moment of arrival, which is when the alarms look.

    Those in `by_second` are kept by the second, so that an alarm can look every ten seconds.
    """
    cloudwatch.put_metric_data(
        Namespace=namespace, MetricData=data(endpoint, schedule, metrics, unit=unit, by_second=by_second)
    )


def data(
    endpoint: str,
    schedule: str,
    metrics: Mapping[str, float],
    *,
    unit: str = "Count",
    by_second: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The same as PutMetricData takes it, for those who publish of several schedules at once."""
    dimensions = [{"Name": name, "Value": value} for name, value in of_schedule(endpoint, schedule).items()]
    return [
        {
            "MetricName": name,
            "Dimensions": dimensions,
            "Value": value,
            "Unit": unit,
            **({"StorageResolution": 1} if name in by_second else {}),
        }
        for name, value in metrics.items()
    ]
