"""A CloudWatch alarm's state change, as SNS delivers it."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contract.metrics import ENDPOINT, MONITORING_SCHEDULE
from functions.common.event_fields import BadEventError, mapping, text

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")


@dataclass(frozen=True)
class Alarm:
    """One transition of one alarm. `changed_at` is in UTC; `dimensions` are those of the alarm's metric, if any."""

    name: str
    arn: str
    account: str
    region: str
    description: str
    state: str
    previous_state: str
    reason: str
    changed_at: datetime
    changed_at_text: str
    metric: str
    dimensions: Mapping[str, str]

    @property
    def endpoint(self) -> str | None:
        """The monitored endpoint, None if the alarm's metric does not name one."""
        return self.dimensions.get(ENDPOINT)

    @property
    def schedule(self) -> str | None:
        """The monitoring schedule, None if the alarm's metric does not name one."""
        return self.dimensions.get(MONITORING_SCHEDULE)

    @property
    def marker_folder(self) -> str:
        """Where the markers of all transitions of this alarm are, in their order."""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", self.name)[:100]

    @property
    def marker_name(self) -> str:
        """A name for this very transition: the same for every delivery of it, and for no other transition."""
        identity = (self.arn, self.account, self.region, self.name, self.changed_at_text, self.state)
        digest = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:16]
        return f"{self.marker_folder}/{self.changed_at:%Y-%m-%dT%H-%M-%S}-{self.state}-{digest}"


def records(event: Any) -> Iterator[Mapping[str, Any]]:
    """The `Sns` part of each record; BadEventError if the event did not come from SNS."""
    fields = mapping(event, "the event")
    entries = fields.get("Records")
    if not isinstance(entries, list) or not entries:
        raise BadEventError('the event has no Records: this function is for SNS events, or for {"test": true}')
    for index, entry in enumerate(entries):
        where = f"Records[{index}]"
        yield mapping(mapping(entry, where).get("Sns"), f"{where}.Sns")


def parse_alarm(sns: Mapping[str, Any]) -> Alarm:
    """The alarm in one SNS message; BadEventError if the message is none."""
    body = text(sns, "Message", "the SNS record")
    try:
        document = json.loads(body)
    except ValueError as error:
        raise BadEventError("the SNS message is no CloudWatch alarm: it is not JSON") from error
    fields = mapping(document, "the SNS message")
    where = "the alarm message"
    trigger = mapping(fields.get("Trigger") or {}, f"{where}'s Trigger")
    changed_at_text = text(fields, "StateChangeTime", where)
    arn = str(fields.get("AlarmArn") or "")
    return Alarm(
        name=text(fields, "AlarmName", where),
        arn=arn,
        account=str(fields.get("AWSAccountId") or ""),
        region=_region(arn, str(sns.get("TopicArn") or ""), str(fields.get("Region") or "")),
        description=str(fields.get("AlarmDescription") or ""),
        state=text(fields, "NewStateValue", where),
        previous_state=str(fields.get("OldStateValue") or ""),
        reason=str(fields.get("NewStateReason") or ""),
        changed_at=_moment(changed_at_text),
        changed_at_text=changed_at_text,
        metric=str(trigger.get("MetricName") or ""),
        dimensions=_dimensions(trigger.get("Dimensions") or []),
    )


def _region(alarm_arn: str, topic_arn: str, display_name: str) -> str:
    """AWS's message has the region's display name ("US East (N. Virginia)"); its code is only in the ARNs."""
    for arn in (alarm_arn, topic_arn):
        parts = arn.split(":")
        if len(parts) > 4 and _REGION.fullmatch(parts[3]):
            return parts[3]
    return display_name if _REGION.fullmatch(display_name) else ""


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadEventError(f"the alarm message's StateChangeTime {value!r} is no ISO 8601 time") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _dimensions(entries: Any) -> dict[str, str]:
    """AWS writes `name` and `value` in the message, though `Name` and `Value` in its API."""
    if not isinstance(entries, list):
        raise BadEventError("the alarm message's Trigger.Dimensions must be a list")
    found = {}
    for entry in entries:
        fields = {key.lower(): value for key, value in mapping(entry, "a dimension of the alarm message").items()}
        found[text(fields, "name", "a dimension")] = text(fields, "value", "a dimension")
    return found
