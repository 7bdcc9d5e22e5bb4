"""Labels of captured records: how many have one, by age, and what to say where none came."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drift_tools.capture import OTHER_ROWS_OF_LABEL, Counts, LabelCoverage, Labels, Problem, numbered_lines
from drift_tools.errors import InputError
from drift_tools.job import drift_json
from drift_tools.job.settings import MonitorSettings


def require_labels(counts: Counts | None, labels: Labels | None) -> None:
    """Raise `InputError` if there are captured records and not one of them has a label, and nothing else is wrong."""
    if counts is None or counts.rows or not counts.skipped.get(drift_json.NO_LABEL):
        return
    if drift_json.readable(counts).skipped:
        return
    if labels is not None and not labels.lines:
        raise InputError("the labels' files hold no line: write them anew with drift_tools ground-truth")
    known = []
    if labels is not None:
        example = next(iter(labels.by_id), None)
        known.append(f"{len(labels.by_id)} were read" + ("" if example is None else f", the first for {example!r:.60}"))
    if first := _first_id(counts):
        known.append(f"the first record is {first!r:.60}")
    said = f" ({'; '.join(known)})" if known else ""
    raise InputError(
        f"none of {counts.read} captured records has a label{said}: check that "
        "the labels name the records' inferenceId, or their eventId where the callers give none"
    )


def _first_id(counts: Counts) -> str | None:
    """The id of the first record that no label was for; None where its file cannot be looked at any more."""
    problem = next((problem for problem in counts.problems if problem.reason == drift_json.NO_LABEL), None)
    return None if problem is None else _ids_of([problem]).get(problem)


def _ids_of(problems: Sequence[Problem]) -> dict[Problem, str]:
    """The id by which each of these records finds its label; without those whose files cannot be looked at any more."""
    found: dict[Problem, str] = {}
    for source in dict.fromkeys(problem.source for problem in problems):
        at_line = {problem.line: problem for problem in problems if problem.source == source}
        for number, line in numbered_lines(Path(source)) if Path(source).is_file() else ():
            if number > max(at_line):
                break
            if number in at_line and isinstance(line, bytes):
                metadata = json.loads(line)["eventMetadata"]
                found[at_line[number]] = str(metadata.get("inferenceId") or metadata.get("eventId"))
    return found


def with_labels_named(counts: Counts, labels: Labels | None) -> Counts:
    """The counts, the first of the records whose label is at fault with the place of that label.

    A label is joined with its record by its id, and what is found out then names the record's file and line: there is
    nothing to fix there.
    """
    if labels is None or OTHER_ROWS_OF_LABEL not in counts.skipped:
        return counts
    at_fault = [problem for problem in counts.problems if problem.reason == OTHER_ROWS_OF_LABEL]
    ids = _ids_of(at_fault[: drift_json.NAMED_PROBLEMS])
    places = labels.places(ids.values())
    named = {
        problem: replace(problem, reason=f"{problem.reason}, {places[own][0]}, line {places[own][1]}")
        for problem, own in ids.items()
        if own in places
    }
    return Counts(
        counts.rows,
        counts.read,
        counts.used,
        counts.skipped,
        counts.outside,
        tuple(named.get(problem, problem) for problem in counts.problems),
    )


def coverage_of(counts: Counts | None) -> float:
    """The share of a window's usable records that have a label; NaN without any."""
    if counts is None:
        return math.nan
    waiting = counts.skipped.get(drift_json.NO_LABEL, 0)
    return counts.used / (counts.used + waiting) if counts.used + waiting else math.nan


def coverage_by_age(settings: MonitorSettings, coverage: LabelCoverage | None) -> list[dict[str, Any]]:
    """Predictions, labels and their share by how old the predictions are when the run is due, the youngest first."""
    now = settings.dataset.window.due or settings.dataset.window.end or datetime.now(UTC)
    return [] if coverage is None else coverage.by_age(now)


def age_in_words(entry: Mapping[str, Any]) -> str:
    """An age's bin as the dimension `LabelAge` has it: `6h-24h`, `168h+`, `unknown`."""
    low, high = entry["from_hours"], entry["to_hours"]
    if low is None:
        return "unknown"
    return f"{low}h+" if high is None else f"{low}h-{high}h"


def labels_document(
    settings: MonitorSettings, labels: Labels, counts: Counts | None, coverage: LabelCoverage | None
) -> Mapping[str, Any]:
    """What drift.json says of the labels; by age of one instance's records alone, where several share them."""
    share = coverage_of(counts)
    return {
        "read": len(labels.by_id),
        "unreadable": labels.unreadable,
        "repeated": labels.repeated,
        "contradicted": labels.contradicted,
        "coverage": share if math.isfinite(share) else None,
        "coverage_by_age": coverage_by_age(settings, coverage),
    }
