"""Fires schedules when the virtual clock comes to their times: flexible windows, retries, dead letters.

Definitions: EventBridge Scheduler user guide, "Schedule types", "Configuring flexible time windows", "Adding context
attributes", "Configuring a schedule's dead-letter queue", "Encryption at rest"; API reference, RetryPolicy; that the
role needs kms:Decrypt and nothing else of a schedule's key: aws/aws-cdk, pull request 31923. Not published: how retries
are spaced; here after 1, 2, 4, … minutes, at most an hour. Retried are throttling and errors of the target's service;
what a second attempt would not change (no right, no such target) goes to the dead-letter queue at once.
"""

import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.clock import VirtualClock, iso
from local_aws.identity import Identity
from local_aws.scheduler import targets
from local_aws.scheduler.expressions import Expression, ExpressionError, parse

log = logging.getLogger("local_aws.scheduler")

SERVICE = "scheduler.amazonaws.com"
_ATTEMPTS, _AGE = 185, 86400  # the defaults of RetryPolicy
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
_PAYLOAD_BYTES = 256 * 1024
_THROTTLED = ("ThrottlingException", "TooManyRequestsException", "Throttling")


@dataclass(frozen=True)
class Invocation:
    """One invocation of a target: of which schedule, for which of its times, and when it is due."""

    account: str
    region: str
    schedule: Mapping[str, Any]
    scheduled: datetime
    due: datetime
    execution_id: str
    attempt: int = 1

    @property
    def payload(self) -> str:
        """The target's input with the context attributes filled in; Scheduler's own event if it has none."""
        text = self.schedule["Target"].get("Input")
        if text is None:
            return json.dumps(
                {
                    "version": "0",
                    "id": str(uuid.UUID(int=random.Random(self.execution_id).getrandbits(128))),  # noqa: S311 - a name
                    "detail-type": "Scheduled Event",
                    "source": "aws.scheduler",
                    "account": self.account,
                    "time": iso(self.scheduled),
                    "region": self.region,
                    "resources": [self.schedule["Arn"]],
                    "detail": "{}",
                }
            )
        for name, value in (
            ("schedule-arn", self.schedule["Arn"]),
            ("scheduled-time", iso(self.scheduled)),
            ("execution-id", self.execution_id),
            ("attempt-number", str(self.attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return str(text)


@dataclass
class _Plan:
    """When a schedule, as it was made or changed last, fires next."""

    expression: Expression
    changed: float
    scheduled: datetime | None
    due: datetime | None


@dataclass
class Scheduler:
    """Fires the schedules of all accounts and regions."""

    clock: VirtualClock
    identity: Identity
    twice: bool
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _retries: list[Invocation] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def refuse(self, operation: str, _headers: Mapping[str, str], parameters: Mapping[str, Any]) -> str | None:
        """Why a CreateSchedule or UpdateSchedule is not valid, beyond what ministack sees; None if it is."""
        if operation not in ("CreateSchedule", "UpdateSchedule"):
            return None
        try:
            zone = parameters.get("ScheduleExpressionTimezone", "UTC")
            parse(parameters["ScheduleExpression"], zone, self.clock.now(), seams.next_cron_time)
        except ExpressionError as error:
            return str(error)
        window = parameters["FlexibleTimeWindow"]
        if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
            return "MaximumWindowInMinutes is required with FlexibleTimeWindow Mode FLEXIBLE, and only there."
        return targets.problem(parameters["Target"])

    def next_due(self) -> datetime | None:
        """When the next invocation is due; None if none is."""
        with self._lock:
            self._look()
            dues = [plan.due for plan in self._plans.values() if plan.due] + [retry.due for retry in self._retries]
            return min(dues, default=None)

    def fire_due(self, now: datetime) -> int:
        """Invoke what is due, in order of time; returns how many invocations there were."""
        count = 0
        while (invocation := self._take(now)) is not None:
            count += 1
            self._invoke(invocation)
        return count

    def _look(self) -> None:
        """Plan schedules that are new or changed, forget those that are gone or off."""
        found = {}
        for account, region, schedule in seams.schedules_everywhere():
            if schedule["State"] == "ENABLED":
                found[schedule["Arn"]] = (account, region, schedule)
        self._plans = {arn: plan for arn, plan in self._plans.items() if arn in found}
        for arn, (_, _, schedule) in found.items():
            plan = self._plans.get(arn)
            if plan is None or plan.changed != schedule["LastModificationDate"]:
                self._plans[arn] = _plan(schedule)

    def _take(self, now: datetime) -> Invocation | None:
        """The next invocation that is due, taken from its plan."""
        with self._lock:
            self._look()
            due = [(plan.due, arn) for arn, plan in self._plans.items() if plan.due and plan.due <= now]
            retry = min(self._retries, key=lambda item: item.due, default=None)
            if retry and retry.due <= now and all(retry.due <= when for when, _ in due):
                self._retries.remove(retry)
                return retry
            return self._fire(min(due)[1]) if due else None

    def _fire(self, arn: str) -> Invocation | None:
        """The invocation of a schedule whose time has come; the schedule goes on to its next time."""
        plan = self._plans[arn]
        found = (item for item in seams.schedules_everywhere() if item[2]["Arn"] == arn)
        account, region, schedule = next(found, ("", "", None))
        if schedule is None or plan.scheduled is None or plan.due is None:
            return None
        execution = f"{random.Random(f'{arn} {plan.scheduled}').getrandbits(64):016x}"  # noqa: S311 - a name
        invocation = Invocation(account, region, dict(schedule), plan.scheduled, plan.due, execution)
        over = _advance(plan, schedule, plan.scheduled) is None
        if over and schedule.get("ActionAfterCompletion") == "DELETE":
            seams.forget_schedule(account, region, schedule)
        return invocation

    def _invoke(self, invocation: Invocation) -> None:
        """Deliver an invocation, at least once as AWS says, under the schedule's role."""
        with seams.request_scope(invocation.account, invocation.region):
            target = invocation.schedule["Target"]
            group = f"arn:aws:scheduler:{invocation.region}:{invocation.account}:schedule-group"
            if not self.identity.trusts(target["RoleArn"], SERVICE, f"{group}/{invocation.schedule['GroupName']}"):
                log.warning("%s: its role cannot be assumed; nothing was invoked", invocation.schedule["Arn"])
                return
            session = self.identity.session(target["RoleArn"], invocation.execution_id)
            try:
                refused = self._key_refusal(invocation, session)
                if refused:
                    log.warning("%s: its input cannot be read; %s", invocation.schedule["Arn"], refused)
                    return
                for _ in range(2 if self.twice else 1):
                    self._deliver(invocation, session)
            finally:
                seams.close_role_session(session["AWS_ACCESS_KEY_ID"])

    def _key_refusal(self, invocation: Invocation, session: Mapping[str, str]) -> str | None:
        """Why the role may not read what is encrypted with the schedule's key; None if it may, or if there is none."""
        key = seams.key_arn(invocation.schedule.get("KmsKeyArn") or "")
        return self.identity.key_refusal(session["AWS_ACCESS_KEY_ID"], "kms:Decrypt", key) if key else None

    def _deliver(self, invocation: Invocation, session: Mapping[str, str]) -> None:
        try:
            targets.call(invocation.schedule["Target"], invocation.payload, session)
        except ClientError as error:
            self._failed(invocation, error, session)
        except (BotoCoreError, ValueError) as error:  # an input that is no request of the universal target
            self._bury(invocation, "ValidationException", str(error), "", session)

    def _failed(self, invocation: Invocation, error: ClientError, session: Mapping[str, str]) -> None:
        answer = error.response
        code, status = answer["Error"].get("Code", "Unknown"), answer["ResponseMetadata"].get("HTTPStatusCode", 0)
        message = answer["Error"].get("Message", "")
        if code not in _THROTTLED and status < 500:
            self._bury(invocation, code, message, "", session)
            return
        policy = invocation.schedule["Target"].get("RetryPolicy") or {}
        pause = min(_FIRST_RETRY * 2 ** (invocation.attempt - 1), _LONGEST_RETRY)
        oldest = invocation.scheduled + timedelta(seconds=policy.get("MaximumEventAgeInSeconds", _AGE))
        if invocation.attempt > policy.get("MaximumRetryAttempts", _ATTEMPTS):
            self._bury(invocation, code, message, "MaximumRetryAttempts", session)
        elif self.clock.now() + pause > oldest:
            self._bury(invocation, code, message, "MaximumEventAgeInSeconds", session)
        else:
            log.warning("%s is tried again: %s: %s", invocation.schedule["Arn"], code, message)
            with self._lock:
                self._retries.append(replace(invocation, due=self.clock.now() + pause, attempt=invocation.attempt + 1))

    def _bury(
        self, invocation: Invocation, code: str, message: str, exhausted: str, session: Mapping[str, str]
    ) -> None:
        """Send a dead-letter event under the schedule's role; without a queue the invocation is lost."""
        target = invocation.schedule["Target"]
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        log.warning("%s: %s: %s", invocation.schedule["Arn"], code, message)
        if not queue:
            return
        body = invocation.payload.encode()
        attributes = {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message or code,
            "EXECUTION_ID": invocation.execution_id,
            "IS_PAYLOAD_TRUNCATED": str(len(body) > _PAYLOAD_BYTES).lower(),
            "RETRY_ATTEMPTS": str(invocation.attempt - 1),
            "SCHEDULED_TIME": iso(invocation.scheduled),
            "SCHEDULE_ARN": invocation.schedule["Arn"],
            "TARGET_ARN": target["Arn"],
        } | ({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {})
        try:
            clients.client("sqs", session).send_message(
                QueueUrl=targets.queue_url(queue, session),
                MessageBody=body[:_PAYLOAD_BYTES].decode(errors="ignore"),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except (ClientError, BotoCoreError) as refused:
            log.warning("a dead letter of %s was lost: %s", invocation.schedule["Arn"], refused)


def _plan(schedule: Mapping[str, Any]) -> _Plan:
    """A plan from the moment at which the schedule was made or changed."""
    made = datetime.fromtimestamp(schedule["LastModificationDate"], UTC)
    start = seams.moment(schedule.get("StartDate")) or made
    zone = schedule.get("ScheduleExpressionTimezone") or "UTC"
    expression = parse(schedule["ScheduleExpression"], zone, start, seams.next_cron_time)
    plan = _Plan(expression, schedule["LastModificationDate"], None, None)
    # A rate begins with its start; nothing fires before a start date.
    _advance(plan, schedule, max(start, made) - timedelta(microseconds=1))
    return plan


def _advance(plan: _Plan, schedule: Mapping[str, Any], after: datetime) -> datetime | None:
    """Set the plan to the first time after `after`, and return it; a flexible window delays it."""
    plan.scheduled = plan.expression.next_after(after)
    end = seams.moment(schedule.get("EndDate"))
    if plan.scheduled and end and plan.scheduled > end:
        plan.scheduled = None
    plan.due = plan.scheduled
    window = schedule["FlexibleTimeWindow"]
    if plan.scheduled and window["Mode"] == "FLEXIBLE":
        # Schedules of one time and window start together, as they may on AWS: what they start has to bear it.
        chance = random.Random(str(plan.scheduled))  # noqa: S311 - the same delay on every run
        plan.due = plan.scheduled + timedelta(seconds=chance.uniform(0, 60 * window["MaximumWindowInMinutes"]))
    return plan.scheduled
