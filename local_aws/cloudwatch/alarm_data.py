"""The data points that an alarm looks at: of its one metric, or of its metric queries."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_aws import seams
from local_aws.cloudwatch import metric_math
from local_aws.cloudwatch.metric_math import MathError, Series

_MINUTE = 60
_LONG_PERIOD = 300
_EXTRA_PERIODS = 2


def problem(request: Mapping[str, Any]) -> str | None:
    """Why the metric queries of a PutMetricAlarm cannot be evaluated here; None if they can."""
    queries = request["Metrics"]
    checks = (
        (request.get("MetricName"), "Metrics cannot be used together with MetricName."),
        (request.get("ThresholdMetricId"), "ThresholdMetricId: anomaly detection is not evaluated by this AWS."),
        (
            len([query for query in queries if query.get("ReturnData", True)]) != 1,
            "Exactly one element of Metrics must have ReturnData true.",
        ),
        (
            len({query["MetricStat"]["Period"] for query in queries if "MetricStat" in query}) != 1,
            "The metrics of an alarm must have the same Period.",
        ),
    )
    for wrong, sentence in checks:
        if wrong:
            return sentence
    try:
        _ordered(queries)
    except MathError as error:
        return f"{error}."
    return None


def _ordered(queries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The queries that are expressions, each after those that it refers to; MathError if there is no such order."""
    known = {query["Id"] for query in queries if "MetricStat" in query}
    waiting = {query["Id"]: query for query in queries if "Expression" in query}
    order = []
    while waiting:
        ready = [item for item in waiting.values() if metric_math.names(item["Expression"]) <= known]
        if not ready:
            missing = {name for item in waiting.values() for name in metric_math.names(item["Expression"])} - known
            names = ", ".join(sorted(missing))
            raise MathError(f"The expressions refer to {names}, which no Id is, or to each other in a circle")
        for item in ready:
            order.append(waiting.pop(item["Id"]))
            known.add(item["Id"])
    return order


def is_evaluated(alarm: Mapping[str, Any]) -> bool:
    """Whether an alarm has a metric or queries; anomaly bands are not evaluated."""
    return bool(alarm.get("MetricName") or alarm.get("Metrics"))


def period(alarm: Mapping[str, Any]) -> int:
    """An alarm's period in seconds."""
    stats = [query["MetricStat"] for query in alarm.get("Metrics") or [] if "MetricStat" in query]
    return int(stats[0]["Period"] if stats else alarm["Period"])


def granularity(alarm: Mapping[str, Any]) -> int:
    """Evaluations look at whole minutes, or at ten seconds for high-resolution periods."""
    return _MINUTE if period(alarm) >= _MINUTE else 10


def ceil(seconds: float, step: int) -> float:
    """The first multiple of `step` after `seconds`, so that a point at this very moment is inside the interval."""
    return float((math.floor(seconds / step) + 1) * step)


def periods(alarm: Mapping[str, Any]) -> int:
    """How many periods an evaluation looks at."""
    extra = _EXTRA_PERIODS if period(alarm) <= _LONG_PERIOD else 0
    return int(alarm["EvaluationPeriods"]) + extra


def timestamps(alarm: Mapping[str, Any]) -> Iterator[float]:
    """When the points of all metrics of an alarm are."""
    for stat in _stats(alarm):
        yield from (point["Timestamp"] for point in _points(stat))


def values(alarm: Mapping[str, Any], end: float) -> Series:
    """What the alarm compares with its threshold in each period of its evaluation range, most recent first."""
    queries = alarm.get("Metrics") or []
    if not queries:
        return _statistics(next(_stats(alarm)), periods(alarm), end)
    known: dict[str, metric_math.Value] = {}
    for query in queries:
        if "MetricStat" in query:
            known[query["Id"]] = _statistics(_query_stat(query), periods(alarm), end)
    for query in _ordered(queries):
        known[query["Id"]] = metric_math.evaluate(query["Expression"], known, periods(alarm))
    returned = next(query["Id"] for query in queries if query.get("ReturnData", True))
    found = known[returned]
    return found if isinstance(found, list) else [found] * periods(alarm)


def _stats(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The metrics with their statistics, of both kinds of alarm in one form."""
    if alarm.get("MetricName"):
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        yield {**alarm, "Statistic": statistic}
    for query in alarm.get("Metrics") or []:
        if "MetricStat" in query:
            yield _query_stat(query)


def _query_stat(query: Mapping[str, Any]) -> Mapping[str, Any]:
    stat = query["MetricStat"]
    return {**stat["Metric"], "Statistic": stat["Stat"], "Unit": stat.get("Unit"), "Period": stat["Period"]}


def _points(stat: Mapping[str, Any]) -> list[dict[str, Any]]:
    dimensions = {d["Name"]: d["Value"] for d in stat.get("Dimensions") or []}
    points = seams.metric_points(stat["Namespace"], stat["MetricName"], dimensions)
    unit = stat.get("Unit")
    return [point for point in points if not unit or point.get("Unit") == unit]


def _statistics(stat: Mapping[str, Any], count: int, end: float) -> Series:
    length = int(stat["Period"])
    # All points of a metric may be weeks, and the periods that are looked at an hour.
    points = [point for point in _points(stat) if end - count * length <= point["Timestamp"] < end]
    found: Series = []
    for index in range(count):
        start = end - (index + 1) * length
        inside = [point for point in points if start <= point["Timestamp"] < start + length]
        found.append(seams.point_statistics(inside, stat["Statistic"]) if inside else None)
    return found
