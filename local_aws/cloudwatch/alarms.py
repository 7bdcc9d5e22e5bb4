"""Alarm evaluation as CloudWatch documents it, as a pure function, and the part that asks it.

ministack's own evaluation ignores dimensions, periods and missing data. Definitions: CloudWatch user guide, "Evaluating
an alarm" and "Configuring how CloudWatch alarms treat missing data" (the two worked tables there are this module's
tests). Not published by AWS: how many periods farther back than EvaluationPeriods are looked at; the tables show two
more, which is used for periods of up to five minutes, and none for longer ones.
"""

import functools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import botocore.loaders

from local_aws import seams
from local_aws.clock import VirtualClock
from local_aws.cloudwatch import alarm_data
from local_aws.cloudwatch.muting import MuteRules

log = logging.getLogger("local_aws.cloudwatch")

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (lambda value, bound: value >= bound, "greater than or equal to"),
    "GreaterThanThreshold": (lambda value, bound: value > bound, "greater than"),
    "LessThanThreshold": (lambda value, bound: value < bound, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, bound: value <= bound, "less than or equal to"),
}
ALARM, OK, INSUFFICIENT = "ALARM", "OK", "INSUFFICIENT_DATA"


def judge(values: Sequence[float | None], breaching: Callable[[float], bool], rule: Mapping[str, Any]) -> str | None:
    """The state that data points give; None if they do not say, and the state stays.

    `values` are the statistics of the periods, most recent first, None where there is no data; `breaching` says
    whether a value is beyond the threshold; `rule` has EvaluationPeriods, DatapointsToAlarm and TreatMissingData.
    """
    wanted = int(rule["EvaluationPeriods"])
    needed = int(rule.get("DatapointsToAlarm") or wanted)
    treatment = rule.get("TreatMissingData") or "missing"
    real = [(age, breaching(value)) for age, value in enumerate(values, start=1) if value is not None][:wanted]
    count = sum(bad for _, bad in real)
    filled = wanted - len(real)
    if filled and treatment == "breaching":
        count += filled
    if count >= needed:
        return ALARM
    if not filled or treatment in ("breaching", "notBreaching"):
        return OK
    if not real:
        return INSUFFICIENT if treatment == "missing" else None
    if not all(bad for _, bad in real):
        return OK
    # Only breaching points, fewer than needed: an alarm if the oldest is as old as DatapointsToAlarm, so that one bad
    # point in a sparse metric still alarms, but not before its time.
    old_enough = max(age for age, _ in real) >= needed
    return ALARM if old_enough and treatment == "missing" else None


class Alarms:
    """Evaluates the metric alarms of all accounts and regions on the virtual clock."""

    def __init__(self, clock: VirtualClock, may_publish: Callable[[str, str], bool], mute_rules: MuteRules) -> None:
        self._clock = clock
        self._may_publish = may_publish
        self._mute_rules = mute_rules
        # (account, region, alarm): the transition whose actions were muted
        self._muted: dict[tuple[str, str, str], tuple[str, str, str]] = {}

    def evaluate(self, alarm: dict[str, Any]) -> None:
        """Evaluate one alarm of the current account and region, as of the end of the current minute."""
        comparison = _COMPARISONS.get(alarm.get("ComparisonOperator") or "")
        if not alarm_data.is_evaluated(alarm) or comparison is None:
            return
        is_beyond, _ = comparison
        threshold = float(alarm["Threshold"])
        end = self._end_of_interval(alarm)
        values = alarm_data.values(alarm, end)
        state = judge(values, lambda value: is_beyond(value, threshold), alarm)
        if state in (None, alarm["StateValue"]):
            return
        reason = _reason(values, alarm, state, end)
        seams.change_alarm_state(alarm, state, reason, _reason_data(values, alarm, end, self._clock.now()))

    def act(self, alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
        """Do what an alarm does on a transition: an event, and a message to the topics that its new state names."""
        _send_event(alarm, old_state, self._clock.now())
        key = (seams.get_account_id(), seams.get_region(), alarm["AlarmName"])
        self._muted.pop(key, None)
        if self._mute_rules.muted(alarm["AlarmName"]):
            self._muted[key] = (old_state, new_state, reason)
        else:
            self._tell(alarm, old_state, new_state, reason)

    def _tell(self, alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str) -> None:
        if not alarm.get("ActionsEnabled", True):
            return
        now = self._clock.now()
        member = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT: "InsufficientDataActions"}[new_state]
        region = region_name(seams.get_region())
        text = json.dumps(notification(alarm, old_state, new_state, reason, now))
        for action in alarm.get(member) or []:
            if ":sns:" not in action or seams.topic_policy(action) is None:
                log.warning("alarm %s: its action %s is not there", alarm["AlarmName"], action)
            elif self._may_publish(action, alarm["AlarmArn"]):
                seams.publish(action, f'{new_state}: "{alarm["AlarmName"]}" in {region}'[:100], text)

    def evaluate_all(self) -> None:
        """Evaluate every metric alarm."""
        for account, region, alarm in seams.alarms_everywhere():
            with seams.request_scope(account, region):
                self.evaluate(alarm)
                self._catch_up(account, region, alarm)

    def _catch_up(self, account: str, region: str, alarm: dict[str, Any]) -> None:
        """After a mute window, do what was muted in it, if the alarm is still in the state that asked for it."""
        key = (account, region, alarm["AlarmName"])
        if key in self._muted and not self._mute_rules.muted(alarm["AlarmName"]):
            old_state, new_state, reason = self._muted.pop(key)
            if alarm["StateValue"] == new_state:
                self._tell(alarm, old_state, new_state, reason)

    def next_change(self, after: datetime) -> datetime | None:
        """The next time at which a data point leaves a period of some alarm, or a mute window ends.

        Nothing changes by itself before.
        """
        now = after.timestamp()
        end = self._mute_rules.next_end(after) if self._muted else None
        moments: list[float] = [end.timestamp()] if end else []
        for account, region, alarm in seams.alarms_everywhere():
            with seams.request_scope(account, region):
                points = set(alarm_data.timestamps(alarm))
            period, step, last = alarm_data.period(alarm), alarm_data.granularity(alarm), alarm_data.periods(alarm)
            for point in points:
                # A step is no longer than a period, so that what left before this one has been looked at by now.
                first = max(1, int((now - point) // period))
                for periods in range(first, last + 1):
                    # Evaluated a minute after, because an evaluation looks at whole minutes that have ended.
                    moment = alarm_data.ceil(point + periods * period, step)
                    if moment > now:
                        moments.append(moment)
                        break
        return datetime.fromtimestamp(min(moments), UTC) if moments else None

    def _end_of_interval(self, alarm: Mapping[str, Any]) -> float:
        return alarm_data.ceil(self._clock.time(), alarm_data.granularity(alarm))


def notification(
    alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str, when: datetime
) -> dict[str, Any]:
    """What an alarm publishes to SNS, in CloudWatch's format (its dimensions have lower-case keys)."""
    changed = datetime.fromtimestamp(float(alarm.get("AlarmConfigurationUpdatedTimestamp") or 0), UTC)
    trigger = {
        "MetricName": alarm.get("MetricName"),
        "Namespace": alarm.get("Namespace"),
        "StatisticType": "ExtendedStatistic" if alarm.get("ExtendedStatistic") else "Statistic",
        "Statistic": (alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "").upper(),
        "Unit": alarm.get("Unit"),
        "Dimensions": [{"value": d["Value"], "name": d["Name"]} for d in alarm.get("Dimensions") or []],
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods"),
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": "",
    }
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": seams.get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": _stamp(changed),
        "NewStateValue": new_state,
        "NewStateReason": reason,
        "StateChangeTime": _stamp(when),
        "Region": region_name(seams.get_region()),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
        "Trigger": trigger,
    }


@functools.cache
def region_name(region: str) -> str:
    """A region's display name, which CloudWatch writes in notifications: "US East (N. Virginia)"."""
    partitions = botocore.loaders.Loader().load_data("endpoints")["partitions"]
    names = {code: entry["description"] for partition in partitions for code, entry in partition["regions"].items()}
    return str(names.get(region, region))


def _send_event(alarm: Mapping[str, Any], old_state: str, when: datetime) -> None:
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": {"value": alarm["StateValue"], "reason": alarm.get("StateReason"), "timestamp": _stamp(when)},
        "previousState": {"value": old_state},
        "configuration": {"metrics": _configured_metrics(alarm)},
    }
    seams.send_aws_event(
        {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Detail": json.dumps(detail),
            "Resources": [alarm["AlarmArn"]],
        }
    )


def _configured_metrics(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alarm's metrics as its events have them: in lower camel case, dimensions as an object."""
    queries = alarm.get("Metrics") or [
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")},
                "Period": alarm.get("Period"),
                "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            },
        }
    ]
    found = []
    for query in queries:
        shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
        if "Expression" in query:
            shown["expression"] = query["Expression"]
        if "MetricStat" in query:
            stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
            dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions") or []}
            shown["metricStat"] = {
                "metric": {
                    "namespace": metric.get("Namespace"),
                    "name": metric.get("MetricName"),
                    "dimensions": dimensions,
                },
                "period": stat.get("Period"),
                "stat": stat.get("Stat"),
            }
        found.append(shown)
    return found


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _reason(values: Sequence[float | None], alarm: Mapping[str, Any], new_state: str, end: float) -> str:
    wanted = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or wanted)
    real = [(index, value) for index, value in enumerate(values) if value is not None][:wanted]
    if not real:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(alarm.get("TreatMissingData") or "")
        if treated is None:
            return "Insufficient Data: no datapoints were received."
        plural, were = ("s", "s were") if wanted > 1 else ("", " was")
        return (
            f"Threshold Crossed: no datapoints were received for {wanted} period{plural} and "
            f"{wanted} missing datapoint{were} treated as [{treated}]."
        )
    is_beyond, words = _COMPARISONS[alarm["ComparisonOperator"]]
    threshold = float(alarm["Threshold"])
    alarming = new_state == ALARM
    count = sum(is_beyond(value, threshold) == alarming for _, value in real)
    period = alarm_data.period(alarm)
    shown = ", ".join(
        f"{value} ({datetime.fromtimestamp(end - (index + 1) * period, UTC):%d/%m/%y %H:%M:%S})"
        for index, value in real
    )
    return (
        f"Threshold Crossed: {count} out of the last {wanted} datapoints [{shown}] {'was' if alarming else 'was not'} "
        f"{words} the threshold ({threshold}) (minimum {needed} datapoint{'s' if needed > 1 else ''} for "
        f"{alarm['StateValue']} -> {new_state} transition)."
    )


def _reason_data(values: Sequence[float | None], alarm: Mapping[str, Any], end: float, now: datetime) -> str:
    period = alarm_data.period(alarm)
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _stamp(now),
            "startDate": _stamp(datetime.fromtimestamp(end - int(alarm["EvaluationPeriods"]) * period, UTC)),
            "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "period": period,
            "recentDatapoints": [value for value in reversed(values) if value is not None],
            "threshold": float(alarm["Threshold"]),
        }
    )
