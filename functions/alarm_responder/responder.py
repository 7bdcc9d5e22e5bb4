"""Answering one alarm, once."""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contract.bucket_layout import ANSWERED_ALARMS_FOLDER
from contract.metrics import DEAD_LETTERS, HOURS_SILENT, STREAM_RECORDS
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.kinds import Sources, kind_of
from functions.alarm_responder.notification import MessageContext, Notification, plain_notification
from functions.alarm_responder.severity import Severities, read_severities
from functions.common.aws_clients import error_code
from functions.common.environment import ConfigurationError, flag, prefix, required
from functions.common.idempotency import IdempotencyStore, Lease
from functions.common.json_logging import log
from functions.common.s3_objects import UnreadableError, list_keys

_NO_WATCH = (
    "The watch over the monitors has published nothing for three hours: whether they run is not known. Look at the "
    "function that ends in monitor-watch (its log says why), at its schedule, and at its dead-letter queue."
)
# Metrics whose absence is what is told.
_SILENCES = frozenset({HOURS_SILENT, STREAM_RECORDS})


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    bucket: str
    results_prefix: str
    state_prefix: str
    topic_arn: str
    baseline_statistics: Mapping[str, str]
    dashboard_url: str | None
    notify_on_ok: bool
    runbook_url: str | None
    severities: Severities
    monitor_state_prefix: str | None = None
    """Where the open engine's runs are recorded; None without that engine."""
    stream_prefix: str | None = None
    """Where the stream's findings are kept; None without a stream."""
    agreement_prefix: str | None = None
    """Where the comparisons of two engines are kept; None with one."""
    hours_behind: Mapping[str, int] = field(default_factory=dict)
    """By schedule: how many hours before its run a window ends, where it does not end with it."""
    window_hours: Mapping[str, int] = field(default_factory=dict)
    """By schedule: how long a window is, where that is known."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing or wrong."""
        return cls(
            bucket=required(environ, "BUCKET_NAME"),
            results_prefix=prefix(environ, "RESULTS_PREFIX"),
            state_prefix=prefix(environ, "STATE_PREFIX"),
            topic_arn=required(environ, "NOTIFICATION_TOPIC_ARN"),
            baseline_statistics=_baseline_statistics(environ.get("BASELINE_STATISTICS") or "{}"),
            dashboard_url=environ.get("DASHBOARD_URL") or None,
            notify_on_ok=flag(environ, "NOTIFY_ON_OK"),
            runbook_url=environ.get("RUNBOOK_URL") or None,
            severities=read_severities(environ.get("SEVERITIES") or "{}"),
            monitor_state_prefix=prefix(environ, "MONITOR_STATE_PREFIX") if "MONITOR_STATE_PREFIX" in environ else None,
            agreement_prefix=prefix(environ, "AGREEMENT_PREFIX") if "AGREEMENT_PREFIX" in environ else None,
            stream_prefix=prefix(environ, "STREAM_PREFIX") if "STREAM_PREFIX" in environ else None,
            hours_behind=_hours(environ, "HOURS_BEHIND"),
            window_hours=_hours(environ, "WINDOW_HOURS"),
        )

    def lag(self, alarm: Alarm) -> timedelta:
        """How far behind its runs the windows of an alarm's schedule are."""
        return timedelta(hours=self.hours_behind.get(alarm.schedule or "", 0))

    def window(self, alarm: Alarm) -> timedelta | None:
        """How long the windows of an alarm's schedule are; None if it is not known."""
        hours = self.window_hours.get(alarm.schedule or "")
        return None if hours is None else timedelta(hours=hours)


def _baseline_statistics(value: str) -> Mapping[str, str]:
    try:
        uris = json.loads(value)
    except ValueError as error:
        raise ConfigurationError(f"environment variable BASELINE_STATISTICS is no JSON: {error}") from error
    if not isinstance(uris, dict) or not all(isinstance(uri, str) and uri.startswith("s3://") for uri in uris.values()):
        raise ConfigurationError("environment variable BASELINE_STATISTICS must map schedule names to s3:// URIs")
    return uris


def _hours(environ: Mapping[str, str], variable: str) -> Mapping[str, int]:
    try:
        return {str(schedule): int(hours) for schedule, hours in json.loads(environ.get(variable) or "{}").items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"environment variable {variable} must map schedule names to hours") from error


@dataclass(frozen=True)
class Responder:
    """What answering takes; a test gives its own clients and clock."""

    settings: Settings
    s3: Any
    sns: Any
    store: IdempotencyStore

    def respond(self, alarm: Alarm) -> dict[str, str]:
        """Publishes the alarm's message unless an earlier delivery did; returns what was done.

        Raises what SNS raises when it refuses the message: then the marker is given back and a retry starts anew.
        """
        outcome = {"alarm": alarm.name, "state": alarm.state}
        key = f"{self.settings.state_prefix}/{ANSWERED_ALARMS_FOLDER}/{alarm.marker_name}.json"
        lease: Lease | None = None
        try:
            lease = self.store.acquire(key)
        except (ClientError, BotoCoreError) as error:
            # Without the marker a second delivery cannot be told from the first. Twice is better than never.
            log("ERROR", "no marker; the message may go out twice", alarm=alarm.name, reason=error_code(error))
        else:
            if lease is None:
                return {**outcome, "outcome": "duplicate"}
        try:
            message_id = self._notify(alarm)
        except Exception as error:
            if lease:
                self._mark(self.store.release, lease, {"reason": error_code(error)})
            raise
        if message_id is None:
            result = {**outcome, "outcome": "recorded"}
        else:
            result = {**outcome, "outcome": "published", "message_id": message_id}
        if lease:
            self._mark(self.store.finish, lease, result)
        return result

    def _notify(self, alarm: Alarm) -> str | None:
        """SNS's message id; None for a transition that nobody wants to be told of."""
        if not self._is_told(alarm):
            return None
        notification = self._compose(alarm)
        if notification.told_before:
            log("INFO", "the same finding, told before", alarm=alarm.name, finding=notification.told_before)
            return None
        return self._publish(notification.with_runbook(self.settings.runbook_url))

    def _is_told(self, alarm: Alarm) -> bool:
        """Beginnings, ends of what people were told of, and a watch that says nothing any more."""
        if alarm.metric == DEAD_LETTERS:
            return False  # `dead_letter_notice` tells of them, the responder's own among them
        if alarm.state == "OK":
            return self.settings.notify_on_ok and (alarm.previous_state == "ALARM" or self._ends_silence(alarm))
        if alarm.state == "INSUFFICIENT_DATA":
            return alarm.metric in _SILENCES
        return alarm.state == "ALARM"

    def _ends_silence(self, alarm: Alarm) -> bool:
        """Whether there is data again after a silence that was told: a new alarm has none at first, and no silence."""
        if alarm.previous_state != "INSUFFICIENT_DATA" or alarm.metric not in _SILENCES:
            return False
        folder = f"{self.settings.state_prefix}/{ANSWERED_ALARMS_FOLDER}"
        own = f"{folder}/{alarm.marker_name}.json"
        try:
            answered = list_keys(self.s3, self.settings.bucket, f"{folder}/{alarm.marker_folder}/")
            before = [key for key in answered if key < own]
        except UnreadableError as error:
            log("ERROR", "whether a silence was told is not known; its end is", alarm=alarm.name, reason=str(error))
            return True
        return bool(before) and "-INSUFFICIENT_DATA-" in before[-1]

    def _compose(self, alarm: Alarm) -> Notification:
        settings = self.settings
        context = MessageContext(
            settings.bucket, settings.results_prefix, alarm.region, settings.dashboard_url, settings.severities
        )
        if alarm.state == "INSUFFICIENT_DATA":
            return plain_notification(alarm, context, note=_NO_WATCH if alarm.metric == HOURS_SILENT else None)
        if alarm.state != "ALARM" or not alarm.endpoint or not alarm.schedule:
            return plain_notification(alarm, context)
        try:
            return self._details(alarm, context)
        except Exception as error:
            # The last net: an error in the details, ours included, must not cost the alarm its notification.
            log("ERROR", "details failed", alarm=alarm.name, reason=repr(error), trace=traceback.format_exc())
            note = f"The details could not be put together ({type(error).__name__}: {error}); see the function's log."
            return plain_notification(alarm, context, note=note)

    def _details(self, alarm: Alarm, context: MessageContext) -> Notification:
        settings = self.settings
        sources = Sources(
            s3=self.s3,
            bucket=settings.bucket,
            results_prefix=settings.results_prefix,
            state_prefix=settings.state_prefix,
            baseline_statistics_uri=settings.baseline_statistics.get(alarm.schedule or ""),
            monitor_state_prefix=settings.monitor_state_prefix,
            agreement_prefix=settings.agreement_prefix,
            stream_prefix=settings.stream_prefix,
            lag=settings.lag(alarm),
            window=settings.window(alarm),
        )
        return kind_of(alarm.metric).answer(alarm, sources, context)

    def _publish(self, notification: Notification) -> str:
        answer = self.sns.publish(
            TopicArn=self.settings.topic_arn,
            Subject=notification.subject,
            Message=notification.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in notification.all_attributes().items()
            },
        )
        return str(answer["MessageId"])

    def _mark(self, write: Callable[[Lease, Mapping[str, str]], None], lease: Lease, facts: Mapping[str, str]) -> None:
        """The message is out, or the error is on its way: a marker that cannot be written must not change that."""
        try:
            write(lease, facts)
        except (ClientError, BotoCoreError) as error:
            log("ERROR", "marker not updated", marker=lease.key, reason=error_code(error))
