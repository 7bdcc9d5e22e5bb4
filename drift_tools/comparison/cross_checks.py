"""Whether the monitor and the local measures say the same, feature by feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drift_tools.comparison.results import Comparison


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """`agreed`: features that both call violated or drifted; `monitor_only`, `local_only`: only one of them.
    `checks`: for each of these features, the monitor's checks that it violated; `reasons`: the local verdict's
    reason.
    """

    agreed: list[str]
    monitor_only: list[str]
    local_only: list[str]
    checks: Mapping[str, list[str]]
    reasons: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: the three lists, and `features` with what either said of each."""
        return {
            "agreed": self.agreed,
            "monitor_only": self.monitor_only,
            "local_only": self.local_only,
            "features": {
                name: {"checks": self.checks.get(name, []), "reason": self.reasons.get(name)}
                for name in (*self.agreed, *self.monitor_only, *self.local_only)
            },
        }


def cross_check(violations: Sequence[Mapping[str, Any]], comparison: Comparison) -> CrossCheck:
    """Compare the entries of constraint_violations.json with a comparison of the same rows.

    An entry that is about no single feature (`Missing columns`) counts under its own name. Lists are in the
    comparison's order, and in that of the violations behind it.

    >>> from drift_tools import compare
    >>> comparison = compare({"age": range(500)}, {"age": range(400, 900)})
    >>> violation = {"feature_name": "age", "constraint_check_type": "baseline_drift_check"}
    >>> cross_check([violation], comparison).agreed
    ['age']
    """
    checks: dict[str, list[str]] = {}
    for violation in violations:
        name = str(violation.get("feature_name") or violation.get("metric_name") or "")
        checks.setdefault(name, []).append(str(violation.get("constraint_check_type", "")))
    drifted = set(comparison.drifted_features)
    names = [*comparison.features, *(name for name in checks if name not in comparison.features)]
    agreed = [name for name in names if name in checks and name in drifted]
    monitor_only = [name for name in names if name in checks and name not in drifted]
    local_only = [name for name in names if name not in checks and name in drifted]
    reasons = {name: comparison.features[name].reason for name in names if name in comparison.features}
    return CrossCheck(agreed, monitor_only, local_only, checks, reasons)
