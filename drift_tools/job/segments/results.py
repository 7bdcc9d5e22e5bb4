"""What was found of segments: in a run's files, its message, its metrics, and what of it rings."""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.segments.cut import Segment
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.data_quality import Violation

CHECK: Final = "segment_drift_check"
# So many segments of a run ring, the worst; the others are in its files.
MOST_CALLED: Final = 3
_NAMED: Final = 3
_SHARE: Final = 0.5  # of the run's level, for all segments together
_DIGEST: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentResult:
    """What a kind found of a segment. `called`: what drifted (a feature, a metric) and how, in words; `size`: how much,
    to order segments by; `about`: what else drift.json has of it; `judged`: whether it has enough rows on both sides.
    """

    segment: Segment
    rows: int
    baseline_rows: int | None
    judged: bool
    called: Mapping[str, str] = field(default_factory=dict)
    size: float = 0.0
    about: Mapping[str, Any] = field(default_factory=dict)


def of_whole(settings: MonitorSettings) -> MonitorSettings:
    """The settings by which the whole window is judged: where there are segments, with half of the run's budget."""
    if not settings.segments and not settings.origins:
        return settings
    share = settings.judgement.false_alarms_per_year * (1 - _SHARE)
    return replace(settings, judgement=replace(settings.judgement, false_alarms_per_year=share))


def of_segment(settings: MonitorSettings, segment: Segment, number: int) -> MonitorSettings:
    """The settings by which one of so many segments is judged: its share of the other half, and its own windows."""
    judgement = settings.judgement
    name = f"segments/{hashlib.sha256(segment.dimension.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGEST]}"
    own = replace(
        judgement,
        false_alarms_per_year=judgement.false_alarms_per_year * _SHARE / max(number, 1),
        windows=None if judgement.windows is None else f"{judgement.windows.rstrip('/')}/{name}",
        baseline_windows=(
            None if judgement.baseline_windows is None else f"{judgement.baseline_windows.rstrip('/')}/{name}"
        ),
    )
    return replace(settings, judgement=own)


def violations(found: Sequence[SegmentResult], whole: Collection[str] = ()) -> tuple[Violation, ...]:
    """The worst segments as one violation each.

    Parameters
    ----------
    found
        of all segments.
    whole
        what the whole window was called for: that is no finding of a segment.
    """
    called = _worst(found, whole)
    return tuple(Violation(one.segment.name, CHECK, _told(one, whole)) for one in called[:MOST_CALLED])


def says(found: Sequence[SegmentResult], whole: Collection[str] = ()) -> str:
    """A sentence for the run's message; empty if no segment was called."""
    called = _worst(found, whole)
    if not called:
        return ""
    named = "; ".join(f"{one.segment.name} ({_listed(_own(one, whole))})" for one in called[:MOST_CALLED])
    rest = f" and {len(called) - MOST_CALLED} more" if len(called) > MOST_CALLED else ""
    return f" Drift in a segment alone: {named}{rest}."


def document(found: Sequence[SegmentResult]) -> dict[str, Any]:
    """Write results by column and value, for drift.json."""
    by_column: dict[str, Any] = {}
    for one in found:
        by_column.setdefault(one.segment.column, {})[one.segment.value] = {
            "rows": one.rows,
            "baseline_rows": one.baseline_rows,
            "judged": one.judged,
            "drifted": list(one.called),
            **one.about,
        }
    return {column: _finite(values) for column, values in by_column.items()}


def _finite(document: Any) -> Any:
    """JSON has neither NaN nor infinity: a number that does not exist is null."""
    if isinstance(document, Mapping):
        return {name: _finite(value) for name, value in document.items()}
    if isinstance(document, float) and not math.isfinite(document):
        return None
    return document


def metrics(made: Metrics | None, found: Sequence[SegmentResult]) -> list[dict[str, Any]]:
    """`segment_drifted`: how much drifted in each segment that was judged, with the dimension `Segment`."""
    if made is None:
        return []
    return [
        made.entry(
            "segment_drifted", {"Value": float(len(one.called)), "Unit": "Count"}, {"Segment": one.segment.dimension}
        )
        for one in found
        if one.judged
    ]


def _own(one: SegmentResult, whole: Collection[str]) -> list[str]:
    return [name for name in one.called if name not in whole]


def _worst(found: Sequence[SegmentResult], whole: Collection[str]) -> list[SegmentResult]:
    return sorted((one for one in found if _own(one, whole)), key=lambda one: (-one.size, one.segment.name))


def _told(one: SegmentResult, whole: Collection[str]) -> str:
    own = _own(one, whole)
    words = "; ".join(one.called[name] for name in own[:_NAMED])
    rest = f"; and {len(own) - _NAMED} more" if len(own) > _NAMED else ""
    return f"In {one.segment.name} ({one.rows:,} rows): {words}{rest}"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
