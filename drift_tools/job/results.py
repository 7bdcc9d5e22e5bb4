"""What every kind of monitor leaves behind: its files, and the message in which a run ends."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from drift_tools.capture import MAX_UNREADABLE_SHARE, Counts
from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Violation, violations_document
from drift_tools.profiles import write_json

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"
_CLARIFY_VERSION = "1.0"
# The metrics of a run, and its message.
Found: TypeAlias = tuple[list[dict[str, Any]], str]


def require_rows(
    counts: Counts, max_unreadable_share: float = MAX_UNREADABLE_SHARE, *, source: Path | None = None
) -> None:
    """Raise `InputError` if there is nothing to monitor, or too much that cannot be read, and say why; with a `source`
    also where that is and what to do, which in a container nobody could.
    """
    counts.require_readable(max_unreadable_share)
    if not counts.rows and counts.skipped:
        raise InputError(f"none of {counts.read} captured records can be used; the first: {counts.problems[0]}")
    if not counts.rows:
        outside = f": no captured record in the window ({counts.outside} outside it)" if counts.outside else ""
        if counts.used:
            outside = f": the record preprocessor gave no row for any of {counts.used} captured records"
        if source is None:
            raise InputError(f"Job inputs had no data{outside}")
        fix = ": take another window" if outside else ": its files are empty: name captured data that hold records"
        raise InputError(f"{source}: Job inputs had no data{outside}{fix}")


def write_violations(output: Path, violations: Sequence[Violation]) -> None:
    """Write constraint_violations.json, or remove the one of an earlier run: no violations, no file."""
    _write(output, violations_document(violations) if violations else None)


def write_clarify_violations(output: Path, entries: Sequence[Mapping[str, str]]) -> None:
    """The same of entries that are in SageMaker Clarify's format."""
    _write(output, {"version": _CLARIFY_VERSION, "violations": list(entries)} if entries else None)


def _write(output: Path, document: Mapping[str, Any] | None) -> None:
    path = output / VIOLATIONS
    if document is not None:
        write_json(path, document)
    else:
        path.unlink(missing_ok=True)


def completion(violations: Sequence[object], captures: Counts | None) -> str:
    """The exit message, in Model Monitor's words; what was left out is said behind them."""
    if violations:
        message = f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."
    else:
        message = "Completed: Job completed successfully with no violations."
    if captures is not None and captures.skipped:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in captures.skipped.items())
        skipped = sum(captures.skipped.values())
        message += f" {skipped:,} of {captures.read:,} records were skipped: {reasons}{_first(captures)}."
    return message


def _first(captures: Counts) -> str:
    if not captures.problems:
        return ""
    problem = captures.problems[0]
    more = f": {problem.reason}" if problem.reason not in captures.skipped else ""  # it says more than the reason
    return f"; the first: {PurePath(problem.source).name}, line {problem.line}{more}"


def added(counts: Iterable[Counts]) -> Counts:
    """Add up the counts of several batches or instances."""
    total = Counts()
    for own in counts:
        total = total.add(own)
    return total
