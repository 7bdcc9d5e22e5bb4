"""How many predictions have a label, by how old they are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

# Ages in hours at which labels are usually late by a shift, a day, three days or a week.
_BOUNDS: Final = (6, 24, 72, 168)
_HOUR: Final = len("2026-01-31T12")


@dataclass(slots=True)
class LabelCoverage:
    """Counts records with and without a label, hour by hour; it is filled while they are read."""

    labelled: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)

    def add(self, record: Mapping[str, Any], *, has_label: bool) -> None:
        """Count a captured record."""
        metadata = record.get("eventMetadata")
        moment = metadata.get("inferenceTime") if isinstance(metadata, dict) else None
        hour = moment[:_HOUR] if isinstance(moment, str) else ""
        (self.labelled if has_label else self.waiting)[hour] += 1

    @property
    def records(self) -> int:
        """All of them."""
        return self.labelled.total() + self.waiting.total()

    @property
    def share(self) -> float:
        """The share that has a label; NaN of no records."""
        return self.labelled.total() / self.records if self.records else float("nan")

    def by_age(self, now: datetime) -> list[dict[str, Any]]:
        """Predictions, labels and their share by age at this moment, the youngest first; ages without any are left
        out. `from_hours` <= age < `to_hours`, which is None of the oldest; of records without a time both are None.
        """
        found: dict[tuple[int | None, int | None], list[int]] = {}
        for hour in self.labelled.keys() | self.waiting.keys():
            counts = found.setdefault(_bin(hour, now), [0, 0])
            counts[0] += self.labelled[hour] + self.waiting[hour]
            counts[1] += self.labelled[hour]
        ordered = sorted(found.items(), key=lambda item: (item[0][0] is None, item[0][0] or 0))
        return [
            {"from_hours": low, "to_hours": high, "predictions": total, "labelled": labelled, "share": labelled / total}
            for (low, high), (total, labelled) in ordered
        ]


def _bin(hour: str, now: datetime) -> tuple[int | None, int | None]:
    try:
        began = datetime.fromisoformat(f"{hour}:00+00:00")
    except ValueError:
        return None, None
    age = (now.astimezone(UTC) - began).total_seconds() / 3600
    low = max((bound for bound in (0, *_BOUNDS) if bound <= age), default=0)
    return low, next((bound for bound in _BOUNDS if bound > low), None)
