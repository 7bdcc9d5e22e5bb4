"""What the stream has found, as the function that watches it keeps it: one file a finding, named by when it was found.

A break that the stream has told people of is found again by the monitor's next run. That is the same matter, and no
second message: what the run found is in its files and in the responder's log.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bucket_layout import STREAM_FINDINGS_FOLDER
from functions.alarm_responder.run_records import as_object
from functions.common.s3_objects import UnreadableError, list_keys, read_json

# A finding that is still open is looked for so many days back.
_DAYS = 7
_MOST_FILES = 20
# From a finding to the message that tells of it: the alarm's period, and its way to the responder.
_TELLING = timedelta(seconds=30)


@dataclass(frozen=True)
class StreamFinding:
    """One finding: since when, when it was certain, when it was over (None while it is not), and what changed how."""

    name: str
    since: datetime
    found_at: datetime
    over_at: datetime | None
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Any, where: str) -> "StreamFinding":
        """Read it from its file; UnreadableError if that is something else."""
        try:
            features = {str(name): as_object(value) for name, value in document["features"].items()}
            overs = [feature["over"] for feature in features.values()]
            over = None if not overs or None in overs else _moment(max(overs))
            return cls(str(document["name"]), _moment(document["since"]), _moment(document["found_at"]), over, features)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UnreadableError(f"{where} is no finding of a stream ({type(error).__name__}: {error})") from error

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether it was not over yet, or began, within `start` to `end`."""
        return self.since < end and (self.over_at is None or self.over_at > start)

    def covers(self, names: Collection[str], start: datetime, end: datetime) -> bool:
        """Whether a run over `start` to `end` that found these features has found what people were told of.

        A feature that changed while the alarm rang for others already is in the finding, but was in no message.
        """
        told = {
            name
            for name, feature in self.features.items()
            if _moment(feature.get("at", self.found_at.timestamp())) <= self.found_at + _TELLING
        }
        return self.overlaps(start, end) and bool(names) and set(names) <= told


def newest_findings(s3: Any, bucket: str, prefix: str, endpoint: str, until: datetime) -> list[StreamFinding]:
    """The findings of the last week up to `until`, the newest first; UnreadableError if one cannot be read."""
    folder = f"{prefix}/{endpoint}/{STREAM_FINDINGS_FOLDER}/"
    found: list[StreamFinding] = []
    for days in range(_DAYS + 1):
        day = until - timedelta(days=days)
        keys = [key for key in list_keys(s3, bucket, f"{folder}{day:%Y%m%d}") if key.endswith(".json")]
        for key in sorted(keys, reverse=True):
            finding = StreamFinding.parse(read_json(s3, bucket, key), f"s3://{bucket}/{key}")
            if finding.found_at <= until:
                found.append(finding)
            if len(found) == _MOST_FILES:
                return found
    return found


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
