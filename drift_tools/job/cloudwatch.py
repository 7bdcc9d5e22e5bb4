"""CloudWatch metrics of a run: named as Model Monitor's, written as its container does, and published where asked."""

import hashlib
import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from contract.metrics import GROWING_FEATURES, WINDOWS_TO_LEARN
from drift_tools.comparison import Comparison, FeatureComparison
from drift_tools.job.container import Job
from drift_tools.job.settings import MetricSettings
from drift_tools.measures import MEASURES
from drift_tools.monitors.data_quality import Constraints
from drift_tools.monitors.model_quality import ModelQuality
from drift_tools.profiles import ColumnProfile, Profile

# CloudWatch API reference, PutMetricData and MetricDatum.
METRICS_AT_ONCE: Final = 1000
BYTES_AT_ONCE: Final = 900_000  # of 1 MB
LARGEST: Final = 2.0**360
"""The largest number that CloudWatch takes; as it SageMaker Clarify publishes what is infinite."""
_NAME_CHARACTERS = 255
# In the query protocol, the wordiest that an SDK may speak, a metric of ours takes up to twice its JSON.
_BYTES_A_BYTE = 2
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_DIGEST = 8
_LOGGER = logging.getLogger("drift_tools.metrics")


def metric_name(name: str) -> str:
    """A name that CloudWatch takes: at most 255 characters of printable ASCII.

    Other characters are written as in a URL (`%C3%BC` for `ü`), and of a longer name the end is a hash of all of it,
    so that different features keep different names.

    >>> metric_name("feature_psi_AGEP"), metric_name("feature_psi_größe")
    ('feature_psi_AGEP', 'feature_psi_gr%C3%B6%C3%9Fe')
    """
    legal = name if set(name) <= set(_ASCII) else quote(name, safe=_ASCII.replace("%", ""))
    if len(legal) <= _NAME_CHARACTERS:
        return legal
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{legal[: _NAME_CHARACTERS - _DIGEST - 1]}~{digest}"


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is measured of an endpoint by a schedule; each entry is one JSON object, as the platform reads them."""

    endpoint: str | None
    schedule: str
    timestamp: str

    @classmethod
    def of(cls, settings: MetricSettings) -> "Metrics | None":
        """The metrics of a schedule's run; None for any other: metrics have its name for a dimension."""
        if settings.schedule is None:
            return None
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return cls(settings.endpoint, settings.schedule, settings.time or now)

    def entry(
        self, name: str, content: Mapping[str, Any], more: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, Any]:
        """One metric: its value or its statistics, and a kind's dimensions beside the endpoint's and the schedule's."""
        dimensions = [{"Name": "Endpoint", "Value": self.endpoint}] if self.endpoint else []
        dimensions.append({"Name": "MonitoringSchedule", "Value": self.schedule})
        dimensions += [{"Name": dimension, "Value": metric_name(value)} for dimension, value in more.items()]
        return {"MetricName": metric_name(name), "Timestamp": self.timestamp, "Dimensions": dimensions, **content}

    def of_data_quality(
        self,
        current: Profile,
        constraints: Constraints,
        distances: Mapping[str, float],
        of: Collection[str] | None = None,
    ) -> list[dict[str, Any]]:
        """`feature_data_*` (numerical), `feature_non_null_*` and `feature_baseline_drift_*` of each feature that
        emits, or of those among them that are in `of`.
        """
        entries = []
        for name, column in current.columns.items():
            if not constraints.emits(name) or (of is not None and name not in of):
                continue
            entries.append(
                self.entry(f"feature_non_null_{name}", {"Value": float(column.types.present), "Unit": "Count"})
            )
            if (values := _statistic_values(column)) is not None:
                entries.append(self.entry(f"feature_data_{name}", {"StatisticValues": values, "Unit": "None"}))
            if name in distances:
                entries.append(self.entry(f"feature_baseline_drift_{name}", {"Value": distances[name], "Unit": "None"}))
        return entries

    def of_features_not_checked(self, count: int) -> dict[str, Any]:
        """`features_not_checked`: of how many features nobody looked whether they drifted; 0 is published too, so that
        an alarm has something to look at.
        """
        return self.entry("features_not_checked", {"Value": float(count), "Unit": "Count"})

    def of_comparison(
        self, comparison: Comparison, constraints: Constraints, of: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """`feature_psi_*`, `feature_ks_*` (numerical) and `feature_p_value_adjusted_*` of each feature that emits, or
        of those among them that are in `of`.
        """
        return [
            self.entry(f"feature_{measure}_{name}", {"Value": value, "Unit": "None"})
            for name, feature in comparison.features.items()
            if constraints.emits(name) and (of is None or name in of)
            for measure, value in _measures(feature)
            if math.isfinite(value)
        ]

    def of_values(
        self, values: Mapping[str, float], more: Mapping[str, str] = MappingProxyType({})
    ) -> list[dict[str, Any]]:
        """One metric each, under its own name, with more dimensions; numbers that do not exist are left out."""
        return [
            self.entry(name, {"Value": float(value), "Unit": "None"}, more)
            for name, value in values.items()
            if math.isfinite(value)
        ]

    def of_judgement(self, judgement: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What rings nobody and is worth a look: features that grow, and windows that are still to be learnt from."""
        values = {GROWING_FEATURES: len(judgement["growing"]), WINDOWS_TO_LEARN: judgement.get("windows_left", 0)}
        return self.of_values({name: value for name, value in values.items() if value})

    def of_model_quality(self, quality: ModelQuality) -> list[dict[str, Any]]:
        """One metric each, under its own name; those that do not exist for these rows are left out."""
        return self.of_values(quality.metrics)


def _statistic_values(column: ColumnProfile) -> dict[str, float] | None:
    numbers = column.numbers
    if numbers is None or not column.is_numerical:
        return None
    return {
        "SampleCount": float(numbers.count),
        "Sum": numbers.sum,
        "Minimum": numbers.min,
        "Maximum": numbers.max,
    }


def _measures(feature: FeatureComparison) -> Iterator[tuple[str, float]]:
    yield "psi", float(feature.psi)
    if feature.ks is not None:
        yield "ks", float(feature.ks.statistic)
    for measure in MEASURES:
        if measure.is_published and feature.kind in measure.kinds:
            yield measure.name, feature.distance(measure.name)
    yield "p_value_adjusted", float(feature.p_value_adjusted)


def emit(job: Job, settings: MetricSettings, entries: Sequence[Mapping[str, Any]]) -> str | None:
    """Write a run's metrics where the platform looks for them, and publish them if there is a namespace for them.
    Nothing where they are switched off.

    Returns what to say of metrics that could not be published, None if all were. That fails no run: its results are
    written, and a verdict that nobody stores is worse than a chart with a gap.
    """
    if not settings.is_enabled or not entries:
        return None
    path = job.ml_root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return None if settings.namespace is None else publish(job, settings.namespace, entries)


def publish(job: Job, namespace: str, entries: Sequence[Mapping[str, Any]]) -> str | None:
    """Put metrics to CloudWatch, with boto3's retries. Numbers that it does not take are left out, and said."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    taken = [entry for entry in entries if _is_in_range(entry)]
    if len(taken) < len(entries):
        names = ", ".join(str(entry["MetricName"]) for entry in entries if not _is_in_range(entry))
        _LOGGER.warning("not published, because CloudWatch takes numbers up to 2**360 only: %s", names)
    config = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10, read_timeout=30)
    try:
        client = job.client("cloudwatch", config)
        for batch in batches(taken):
            _put(client, namespace, batch)
    except (BotoCoreError, ClientError) as error:
        problem = (
            f"The metrics were not published to {namespace} ({error}): allow the job's role cloudwatch:PutMetricData "
            "there and the job a way to CloudWatch, or set publish_cloudwatch_metrics to Disabled."
        )
        _LOGGER.error("%s", problem)
        return problem
    return None


def _put(client: Any, namespace: str, batch: Sequence[Mapping[str, Any]]) -> None:
    """Put a batch; as of now, if its time is not taken: labels may come later than CloudWatch looks back, two weeks."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    try:
        client.put_metric_data(Namespace=namespace, MetricData=list(batch))
    except ClientError as error:
        about = error.response["Error"]
        if not about["Code"].startswith("InvalidParameterValue") or "Timestamp" not in about["Message"]:
            raise
        _LOGGER.warning("published as of now, because CloudWatch does not take the window's time: %s", about["Message"])
        undated = [{name: value for name, value in entry.items() if name != "Timestamp"} for entry in batch]
        client.put_metric_data(Namespace=namespace, MetricData=undated)


def _is_in_range(entry: Mapping[str, Any]) -> bool:
    values = entry["StatisticValues"].values() if "StatisticValues" in entry else [entry["Value"]]
    return all(math.isfinite(value) and abs(value) <= LARGEST for value in values)


def batches(entries: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Divide metrics into portions that one request may hold: at most 1,000 metrics, and less than 1 MB."""
    batch: list[Mapping[str, Any]] = []
    filled = 0
    for entry in entries:
        size = _BYTES_A_BYTE * len(json.dumps(entry))
        if batch and (len(batch) == METRICS_AT_ONCE or filled + size > BYTES_AT_ONCE):
            yield batch
            batch, filled = [], 0
        batch.append(entry)
        filled += size
    if batch:
        yield batch
