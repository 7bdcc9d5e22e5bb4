"""drift.json: the measures and the verdict of one run of the open engine, and what became of every captured record."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from drift_tools.capture import Counts
from drift_tools.comparison import Comparison, Kind, compare, compare_with_profile, profile_of
from drift_tools.job.inputs.dataset import baseline_table, needs_pyarrow
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.data_quality import NUMERICAL_TYPES, Constraints, profile_for
from drift_tools.profiles import Profile, Statistics
from drift_tools.tables import Table

DRIFT: Final = "drift.json"
NO_LABEL: Final = "no groundTruthData"
_VERSION: Final = 1
NAMED_PROBLEMS: Final = 10
Method = Literal["exact", "sketch"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run found. `kinds`: how features were compared; `reason`: why it was not computed from the rows, although
    the baseline's rows were given.
    """

    comparison: Comparison
    method: Method
    kinds: Mapping[str, Kind]
    reason: str | None = None


def kinds_of(constraints: Constraints, baseline: Table | None = None) -> dict[str, Kind]:
    """How features are compared: as the baseline's inferred type says, so that codes are categories however they are
    written. A feature that the baseline knows nothing of is what its values are.

    One stray cell makes the inferred type String. Without a list of allowed values nobody has looked at such a feature,
    and the `baseline`'s rows decide whether it holds numbers; where they are numbers without exception, String was
    somebody's own word.
    """
    return {
        name: "numerical" if feature.inferred_type in NUMERICAL_TYPES else "categorical"
        for name, feature in constraints.features.items()
        if feature.inferred_type != "Unknown" and not (feature.domains is None and _has_stray_cells(baseline, name))
    }


def _has_stray_cells(baseline: Table | None, name: str) -> bool:
    column = None if baseline is None else baseline.columns.get(name)
    return column is not None and column.is_mostly_numerical and not column.is_numerical


def baseline_rows(path: Path | None, constraints: Constraints) -> tuple[Table | None, str | None]:
    """The rows of the baseline, if they were given; else, where they were, why they are not read."""
    if path is None:
        return None, None
    if needs_pyarrow(path) and importlib.util.find_spec("pyarrow") is None:
        return None, f"{path.name} is a Parquet file, and there is no pyarrow here"
    return baseline_table(path, list(constraints.features)), None


def find(
    settings: MonitorSettings,
    constraints: Constraints,
    *,
    statistics: Statistics | None,
    current: Profile,
    rows: Table | None,
) -> Finding | None:
    """Compare the window with the baseline: row by row where both sides' `rows` are there, else by their profiles.
    None if there is no baseline to compare with.
    """
    excluded, alpha = settings.excluded, settings.alpha
    baseline, reason = baseline_rows(settings.baseline.rows, constraints)
    kinds = kinds_of(constraints.without(excluded), baseline)
    if baseline is not None and rows is not None:
        found = compare(baseline.without(excluded), rows.without(excluded), alpha=alpha, kinds=kinds)
        return Finding(found, "exact", kinds)
    if baseline is not None:
        before, reason = profile_for(baseline, constraints), "the window is larger than what is kept in memory"
    elif statistics is not None:
        before = profile_of(statistics)
    else:
        return None
    before = Profile(before.rows, {name: item for name, item in before.columns.items() if name in constraints.features})
    found = compare_with_profile(before.without(excluded), current.without(excluded), alpha=alpha, kinds=kinds)
    return Finding(found, "sketch", kinds, reason)


def document(
    settings: MonitorSettings,
    counts: Counts | None,
    finding: Finding | None = None,
    *,
    labels: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of drift.json. Without a `finding` there was nothing to compare with, or nothing to compare."""
    content: dict[str, Any] = {"version": _VERSION, "window": settings.dataset.window.to_dict()}
    if settings.batch_name is not None:
        content["batch"] = settings.batch_name
    if finding is not None:
        content |= finding.comparison.to_dict()
    counts = counts or Counts()
    records: dict[str, Any] = {
        "read": counts.read,
        "used": counts.used,
        "rows": counts.rows,
        "outside": counts.outside,
        "skipped": dict(sorted(counts.skipped.items())),
        "excluded_variants": sorted(settings.excluded_variants),
    }
    if problems := readable(counts).problems[:NAMED_PROBLEMS]:
        root = f"{settings.dataset.source}/"
        records["problems"] = [
            {"file": problem.source.removeprefix(root), "line": problem.line, "reason": problem.reason}
            for problem in problems
        ]
    if settings.left_out is not None:
        records["left_out"] = settings.left_out
    if labels is not None:
        records["labels"] = dict(labels)
    content |= {"records": records, "engine": "open"}
    if finding is not None:
        content["method"] = finding.method
        if finding.reason is not None:
            content["method_reason"] = finding.reason
    return content


def readable(counts: Counts) -> Counts:
    """The counts without the records whose label has not come (yet): nothing is wrong with those."""
    waiting = counts.skipped.get(NO_LABEL, 0)
    return Counts(
        counts.rows,
        counts.read - waiting,
        counts.used,
        {reason: number for reason, number in counts.skipped.items() if reason != NO_LABEL},
        counts.outside,
        tuple(problem for problem in counts.problems if problem.reason != NO_LABEL),
    )


def path_of(output: Path) -> Path:
    """The path to which a run writes it."""
    return output / DRIFT
