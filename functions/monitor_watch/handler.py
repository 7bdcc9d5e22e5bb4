"""Watches the monitors themselves, once an hour: what nobody heard is heard, and silence is a number.

An alarm on a metric that nobody publishes any more waits for periods that CloudWatch does not name. So this function
publishes a real value for every schedule in every hour: for how many hours nothing was heard of its runs. And it looks
which jobs have ended of which `processing_metrics` was not told (its rule was off, or it was broken), and has it look
at them: what was missed is told once, when the ear is back.

Permissions and environment variables: functions/README.md.
"""

import functools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bucket_layout import HEARD_JOBS_FOLDER, WATCH_FOLDER
from contract.metrics import CONSTRAINT_VIOLATIONS, HOURS_SILENT, JOB_FAILURES, NO_DATA, of_schedule
from functions.common.aws_clients import client
from functions.common.cloudwatch import data
from functions.common.environment import prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.json_logging import attempt, log
from functions.common.s3_objects import MAX_JSON_BYTES, exists, get_or_none

# Each of them says that somebody heard of a run: what it found, that it failed, that there was nothing to look at.
OUTCOMES = (CONSTRAINT_VIOLATIONS, JOB_FAILURES, NO_DATA)
FINAL_STATES = ("Completed", "Failed", "Stopped")
# An event arrives within seconds; a job that ended later than that is left to the next look.
GRACE = timedelta(minutes=15)
# How far back jobs are looked for where the last look is unknown or long ago; SageMaker lists them for longer.
FARTHEST = timedelta(days=7)
# Metrics of a daily monitor's last runs must be in sight.
_SIGHT = timedelta(days=8)
_HOUR = 3600
_PERIOD = 600  # when something was heard is told to ten minutes
_QUERIES_AT_ONCE = 500  # quota of GetMetricData
_UNANSWERED = ("InternalError", "Forbidden")  # a metric that could not be read is none that was silent
# A listing of more jobs than this is another stack's storm: the rest is looked at in the next hour.
MOST_JOBS = 1000


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    endpoint: str
    namespace: str
    bucket: str
    state_prefix: str
    metrics_function: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing."""
        return cls(
            endpoint=required(environ, "ENDPOINT_NAME"),
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            state_prefix=prefix(environ, "STATE_PREFIX"),
            metrics_function=required(environ, "METRICS_FUNCTION_NAME"),
        )


@dataclass(frozen=True)
class Schedule:
    """A schedule that is watched; Model Monitor's says itself when it found no data, in no job and no metric."""

    name: str
    is_model_monitor: bool


@dataclass(frozen=True)
class Clients:
    """What watching takes; a test gives its own."""

    sagemaker: Any
    cloudwatch: Any
    s3: Any
    functions: Any
    first_seen: dict[str, str] = field(default_factory=dict)
    """What earlier looks with these clients have read of schedules' notes, which say it for good."""
    last_heard: dict[str, datetime] = field(default_factory=dict)
    """When earlier looks have heard of schedules' runs last: what was heard before makes no difference any more."""


def parse(event: Any) -> tuple[datetime, list[Schedule]]:
    """The moment of the look and what is looked at; BadEventError for an event of another form.

    The event is `{"scheduled_time": ISO, "schedules": {NAME: "model-monitor" | "open"}}`.
    """
    fields = mapping(event, "the event")
    moment = text(fields, "scheduled_time", "the event")
    try:
        now = datetime.fromisoformat(moment).astimezone(UTC)
    except ValueError as error:
        raise BadEventError(f"the event's scheduled_time {moment!r} is no ISO 8601 time") from error
    given = mapping(fields.get("schedules"), "the event's schedules")
    schedules = []
    for name in given:
        engine = text(given, name, "the event's schedules")
        if engine not in ("model-monitor", "open"):
            raise BadEventError(f"the event's schedules.{name} is {engine!r}: it is 'model-monitor' or 'open'")
        schedules.append(Schedule(name, engine == "model-monitor"))
    return now, schedules


class Watch:
    """One look, at `now`."""

    def __init__(self, settings: Settings, clients: Clients, now: datetime) -> None:
        self._settings, self._clients, self._now = settings, clients, now

    def look(self, schedules: list[Schedule]) -> dict[str, Any]:
        """Look at jobs and schedules. One that cannot be looked at keeps nobody from the others, and fails the look."""
        told: list[str] = []
        problems = 0 if attempt("ended jobs cannot be looked at", lambda: told.extend(self._tell_of_jobs())) else 1
        hours: dict[str, float] = {}
        seen: list[dict[str, Any]] = []
        outcomes: dict[str, list[datetime]] = {}
        if attempt("what was published cannot be read", lambda: outcomes.update(self._outcomes(schedules))):
            for schedule in schedules:
                watch = functools.partial(self._watch, schedule, outcomes[schedule.name], hours, seen)
                problems += 0 if attempt("a schedule cannot be looked at", watch, schedule=schedule.name) else 1
        else:
            problems += len(schedules)
        if seen:
            self._clients.cloudwatch.put_metric_data(Namespace=self._settings.namespace, MetricData=seen)
        if problems:
            raise RuntimeError(f"{problems} of {len(schedules) + 1} looks failed; the lines above say why")
        return {"told": told, "hours_silent": hours}

    def _tell_of_jobs(self) -> list[str]:
        """Have the jobs looked at that ended since the last look and that nobody heard of; their names."""
        until = self._now - GRACE
        since = max(self._last_look(), self._now - FARTHEST)
        names = [name for name in self._ended(since, until) if not self._is_heard(name)]
        for name in names:
            detail = {"ProcessingJobName": name}
            event = {"detail-type": "SageMaker Processing Job State Change", "detail": detail}
            self._clients.functions.invoke(
                FunctionName=self._settings.metrics_function, InvocationType="Event", Payload=json.dumps(event).encode()
            )
            log("WARNING", "nobody heard of this job's end: it is looked at now", job=name)
        # Only now: a look that dies before is made again, and what was told twice is heard once.
        self._write("last-look", {"until": until.isoformat()})
        return names

    def _last_look(self) -> datetime:
        """When the last look ended; the first one begins now, since older jobs are of before this stack."""
        found = self._read("last-look")
        if found is None:
            return self._now - GRACE
        return datetime.fromisoformat(str(found["until"]))

    def _ended(self, since: datetime, until: datetime) -> Iterator[str]:
        number = 0
        request: dict[str, Any] = {
            "LastModifiedTimeAfter": since,
            "LastModifiedTimeBefore": until,
            "MaxResults": 100,
        }
        # One listing of all states: by state it would be three, most of them of nothing.
        while True:
            page = self._clients.sagemaker.list_processing_jobs(**request)
            for job in page["ProcessingJobSummaries"]:
                if job["ProcessingJobStatus"] not in FINAL_STATES:
                    continue
                number += 1
                if number > MOST_JOBS:
                    log("ERROR", "too many jobs have ended since the last look; the others are not looked at")
                    return
                yield job["ProcessingJobName"]
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _is_heard(self, job: str) -> bool:
        settings = self._settings
        key = f"{settings.state_prefix}/{HEARD_JOBS_FOLDER}/{job}.json"
        return exists(self._clients.s3, settings.bucket, key)

    def _watch(
        self, schedule: Schedule, outcomes: Sequence[datetime], hours: dict[str, float], seen: list[dict[str, Any]]
    ) -> None:
        """Note in `hours` for how many nothing was heard of a schedule's runs, and in `seen` what to publish of it."""
        metrics: dict[str, float] = {}
        heard = [self._first_seen(schedule), *outcomes]
        if schedule.is_model_monitor and (without_data := self._last_without_data(schedule)) is not None:
            if without_data > self._now - timedelta(hours=1):
                metrics[NO_DATA] = 1.0
            heard.append(without_data)
        metrics[HOURS_SILENT] = round(max(0.0, (self._now - max(heard)).total_seconds() / _HOUR), 3)
        seen += data(self._settings.endpoint, schedule.name, metrics, unit="None")
        hours[schedule.name] = metrics[HOURS_SILENT]

    def _outcomes(self, schedules: Sequence[Schedule]) -> dict[str, list[datetime]]:
        """When something was heard of each in the last days, to ten minutes; of what came before the last, maybe none.

        One question for all of them costs what one a metric would, and is neither slow nor throttled.
        """
        names = [(schedule.name, metric) for schedule in schedules for metric in OUTCOMES]
        found: dict[str, list[datetime]] = {schedule.name: [] for schedule in schedules}
        for first in range(0, len(names), _QUERIES_AT_ONCE):
            self._ask(names[first : first + _QUERIES_AT_ONCE], found)
        for schedule in schedules:
            if found[schedule.name]:
                self._clients.last_heard[schedule.name] = max(found[schedule.name])
        return found

    def _ask(self, names: Sequence[tuple[str, str]], found: Mapping[str, list[datetime]]) -> None:
        """Add to `found` when CloudWatch has points of these metrics of schedules."""
        request: dict[str, Any] = {
            "MetricDataQueries": [self._query(number, *name) for number, name in enumerate(names)],
            "StartTime": min(self._since(schedule) for schedule, _ in names),
            "EndTime": self._now + timedelta(minutes=1),
        }
        while True:
            page = self._clients.cloudwatch.get_metric_data(**request)
            for result in page["MetricDataResults"]:
                schedule, metric = names[int(result["Id"].removeprefix("m"))]
                if result.get("StatusCode") in _UNANSWERED:
                    raise RuntimeError(f"{metric} of {schedule}: CloudWatch answers {result['StatusCode']}")
                found[schedule] += result["Timestamps"]
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _since(self, schedule: str) -> datetime:
        """From when on it makes a difference what was heard of a schedule."""
        last, start = self._clients.last_heard.get(schedule), self._now - _SIGHT
        if last is not None and last <= self._now:  # a look that is made again is of an earlier hour
            return max(start, last)
        return start

    def _query(self, number: int, schedule: str, metric: str) -> dict[str, Any]:
        named = of_schedule(self._settings.endpoint, schedule)
        dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
        of = {"Namespace": self._settings.namespace, "MetricName": metric, "Dimensions": dimensions}
        return {"Id": f"m{number}", "MetricStat": {"Metric": of, "Period": _PERIOD, "Stat": "SampleCount"}}

    def _last_without_data(self, schedule: Schedule) -> datetime | None:
        """When Model Monitor last found nothing to look at, which it says in the execution alone."""
        page = self._clients.sagemaker.list_monitoring_executions(
            MonitoringScheduleName=schedule.name, SortBy="ScheduledTime", SortOrder="Descending", MaxResults=5
        )
        for execution in page["MonitoringExecutionSummaries"]:
            if "no data" in str(execution.get("FailureReason", "")).lower():
                moment: datetime = execution["LastModifiedTime"]
                return moment
        return None

    def _first_seen(self, schedule: Schedule) -> datetime:
        """When this function first saw the schedule: a monitor that is new has not been silent."""
        known, name = self._clients.first_seen, f"schedules/{schedule.name}"
        if schedule.name not in known:
            found = self._read(name)
            if found is None:
                found = {"first_seen": self._now.isoformat()}
                self._write(name, found)
            known[schedule.name] = str(found["first_seen"])
        return datetime.fromisoformat(known[schedule.name])

    def _key(self, name: str) -> str:
        return f"{self._settings.state_prefix}/{WATCH_FOLDER}/{name}.json"

    def _read(self, name: str) -> Mapping[str, Any] | None:
        """What an earlier look wrote; None if it wrote nothing, or something that cannot be read any more."""
        key = self._key(name)
        found = get_or_none(self._clients.s3, self._settings.bucket, key, max_bytes=MAX_JSON_BYTES)
        if found is None:
            return None
        try:
            return mapping(json.loads(found[1]), key)
        except (ValueError, RecursionError) as error:
            log("ERROR", "a damaged note is written anew", key=key, reason=str(error))
            return None

    def _write(self, name: str, content: Mapping[str, str]) -> None:
        self._clients.s3.put_object(
            Bucket=self._settings.bucket, Key=self._key(name), Body=json.dumps(content).encode()
        )


@functools.cache
def _clients() -> Clients:
    return Clients(client("sagemaker"), client("cloudwatch"), client("s3"), client("lambda"))


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    now, schedules = parse(event)
    result = Watch(Settings.read(os.environ), _clients(), now).look(schedules)
    log("INFO", "looked", **result)
    return result
