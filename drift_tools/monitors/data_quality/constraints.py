"""constraints.json and constraint_violations.json for data quality: suggested from a baseline, read, and checked.

Format and checks: SageMaker developer guide, "Schema for Constraints" and "Schema for Violations"; distances:
awslabs/deequ, `Distance.scala`. Where the guide and Model Monitor's own files disagree, both spellings are read and
the files' is written.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.errors import InputError
from drift_tools.profiles import (
    ColumnProfile,
    FeatureStatistics,
    Profile,
    Statistics,
    distance,
    in_file,
    read_json,
    wrong_with,
)
from drift_tools.tables import Table, common_spelling, respelt

# Deequ proposes a list of allowed values only for columns whose histogram it draws (ColumnProfiler.scala: at most 120
# distinct values) and in which at most a tenth of the values occur once (CategoricalRangeRule.scala).
_MAXIMUM_DOMAIN = 120
_MAXIMUM_SINGLE_SHARE = 0.1
# c(alpha) of Deequ's robust distance, alpha about 0.003 (Distance.scala, defaultCAlpha).
_ROBUST_FACTOR = 1.8
_METHODS = {"simple": "Simple", "linf_simple": "Simple", "robust": "Robust", "linf_robust": "Robust"}
_CATEGORICAL_METHODS = {
    "linfinity": "LInfinity",
    "l_infinity": "LInfinity",
    "chisquared": "ChiSquared",
    "chi_squared": "ChiSquared",
}
NUMERICAL_TYPES = ("Integral", "Fractional")


@dataclass(frozen=True, slots=True)
class FeatureConstraint:
    """What a baseline says of one feature. `evaluate` and `emit` are None where the dataset's setting holds."""

    name: str
    inferred_type: str
    completeness: float = 0.0
    is_non_negative: bool | None = None
    domains: tuple[str, ...] | None = None
    evaluate: bool | None = None
    emit: bool | None = None
    comparison_threshold: float | None = None


@dataclass(frozen=True, slots=True)
class MonitoringConfig:
    """The thresholds of a run; the defaults are those that Model Monitor's baseline job writes."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float = 0.1
    categorical_drift_method: str = "LInfinity"


@dataclass(frozen=True, slots=True)
class Constraints:
    """The content of a data-quality constraints.json."""

    features: Mapping[str, FeatureConstraint]
    config: MonitoringConfig = field(default_factory=MonitoringConfig)

    def evaluates(self, name: str) -> bool:
        """Whether the constraints of this feature are checked."""
        own = self.features[name].evaluate if name in self.features else None
        return self.config.evaluate_constraints if own is None else own

    def emits(self, name: str) -> bool:
        """Whether metrics of this feature are published."""
        own = self.features[name].emit if name in self.features else None
        return self.config.emit_metrics if own is None else own

    def threshold(self, name: str) -> float:
        """The drift threshold of this feature."""
        feature = self.features[name]
        if feature.comparison_threshold is not None:
            return feature.comparison_threshold
        numerical = feature.inferred_type in NUMERICAL_TYPES
        return self.config.comparison_threshold if numerical else self.config.categorical_comparison_threshold

    def without(self, names: Iterable[str]) -> "Constraints":
        """The constraints without these features."""
        left_out = set(names)
        kept = {name: feature for name, feature in self.features.items() if name not in left_out}
        return Constraints(kept, self.config)

    def to_dict(self) -> dict[str, Any]:
        """The file's JSON object."""
        config = self.config
        return {
            "version": 0.0,
            "features": [_feature_to_dict(feature) for feature in self.features.values()],
            "monitoring_config": {
                "evaluate_constraints": _switch(config.evaluate_constraints),
                "emit_metrics": _switch(config.emit_metrics),
                "datatype_check_threshold": config.datatype_check_threshold,
                "domain_content_threshold": config.domain_content_threshold,
                "distribution_constraints": {
                    "perform_comparison": _switch(config.perform_comparison),
                    "comparison_threshold": config.comparison_threshold,
                    "comparison_method": config.comparison_method,
                    "categorical_comparison_threshold": config.categorical_comparison_threshold,
                    "categorical_drift_method": config.categorical_drift_method,
                },
            },
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Constraints":
        """Read the file's JSON object; raises `InputError` if it is something else."""
        try:
            features = [_feature_from_dict(feature) for feature in document["features"]]
            return cls(
                {feature.name: feature for feature in features},
                _config_from_dict(document.get("monitoring_config", {})),
            )
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"not a data-quality constraints.json ({wrong_with(error)}): run the baseline again"
            ) from error

    @classmethod
    def read(cls, path: str | Path) -> "Constraints":
        """Read the file; raises `InputError` if it says nothing of any feature, which nothing could violate."""
        constraints = in_file(path, cls.from_dict, read_json(path))
        if not constraints.features:
            raise InputError(f"{path}: has constraints of no feature: run the baseline again, on data that have some")
        return constraints


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of constraint_violations.json; `subject` is a feature's name or a metric's."""

    subject: str
    check: str
    description: str
    key: str = "feature_name"

    def to_dict(self) -> dict[str, str]:
        """The entry's JSON object."""
        return {self.key: self.subject, "constraint_check_type": self.check, "description": self.description}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the checks found: the violations, and the drift distance of each feature that has one."""

    violations: tuple[Violation, ...]
    distances: Mapping[str, float]


def violations_document(violations: Iterable[Violation]) -> dict[str, Any]:
    """The JSON object of constraint_violations.json."""
    return {"violations": [violation.to_dict() for violation in violations]}


def suggest(statistics: Statistics, *, categorical_drift_method: str | None = None) -> Constraints:
    """The constraints that a baseline's statistics suggest, as Model Monitor's baseline job does."""
    config = MonitoringConfig(
        categorical_drift_method=_named(
            _CATEGORICAL_METHODS, categorical_drift_method or "LInfinity", "categorical_drift_method"
        )
    )
    return Constraints({name: _suggest(feature) for name, feature in statistics.features.items()}, config)


def _suggest(feature: FeatureStatistics) -> FeatureConstraint:
    non_negative = None if feature.numerical is None else feature.numerical.min >= 0
    domains = None
    if feature.string is not None and 0 < feature.string.distinct_count <= _MAXIMUM_DOMAIN:
        once = sum(count == 1 for count in feature.string.counts.values())
        if once <= _MAXIMUM_SINGLE_SHARE * feature.string.distinct_count:
            domains = tuple(feature.string.counts)
    return FeatureConstraint(feature.name, feature.inferred_type, feature.completeness, non_negative, domains)


def profile_for(table: Table, constraints: Constraints) -> Profile:
    """The profile of a table that holds what these constraints ask about."""
    return Profile.of(
        table,
        categorical={name for name, feature in constraints.features.items() if feature.inferred_type == "String"},
        numerical={name for name, feature in constraints.features.items() if feature.inferred_type in NUMERICAL_TYPES},
    )


def evaluate(current: Table | Profile, constraints: Constraints, baseline: Statistics | None) -> Evaluation:
    """Check a table, or its profile (see `profile_for`), against a baseline's constraints; without the baseline's
    statistics there is no drift check.

    One feature never spoils another: a check that cannot be made (a column without values) is not made.
    """
    table = current if isinstance(current, Profile) else profile_for(current, constraints)
    violations = list(_check_columns(table, constraints))
    distances: dict[str, float] = {}
    for name, constraint in constraints.features.items():
        column = table.columns.get(name)
        if column is None or not column.rows:
            continue
        drift = None
        if baseline is not None and name in baseline.features:
            drift = drift_distance(column, constraint, baseline.features[name], constraints.config)
        if drift is not None:
            distances[name] = drift
        if constraints.evaluates(name):
            violations.extend(_check_feature(column, constraint, constraints, drift))
    return Evaluation(tuple(violations), distances)


def _check_columns(table: Profile, constraints: Constraints) -> Iterable[Violation]:
    if not constraints.config.evaluate_constraints:
        return
    counts = (
        f"Number of columns in current dataset: {len(table.columns)}, "
        f"Number of columns in baseline constraints: {len(constraints.features)}"
    )
    # Model Monitor counts columns. Names are compared here, so that a renamed column is found too; columns that only
    # their position names say nothing but their number.
    missing = [name for name in constraints.features if name not in table.columns]
    extra = [name for name in table.columns if name not in constraints.features]
    if _only_positions(table) and len(table.columns) != len(constraints.features):
        missing, extra = ([""], []) if len(table.columns) < len(constraints.features) else ([], [""])
    for found, kind in ((missing, "missing"), (extra, "extra")):
        if found:
            names = f" ({kind}: {', '.join(found)})" if found != [""] else ""
            yield Violation(
                f"{kind.capitalize()} columns",
                f"{kind}_column_check",
                f"There are {kind} columns in current dataset. {counts}{names}",
            )


def _only_positions(table: Profile) -> bool:
    return all(name == f"_c{index}" for index, name in enumerate(table.columns))


def _check_feature(
    column: ColumnProfile, constraint: FeatureConstraint, constraints: Constraints, drift: float | None
) -> Iterable[Violation]:
    config, name, types = constraints.config, constraint.name, column.types
    matching = types.share_of(constraint.inferred_type)
    if matching < config.datatype_check_threshold:
        yield Violation(
            name,
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {constraint.inferred_type}, "
            f"Expected match: {100 * config.datatype_check_threshold}%. "
            f"Observed: Only {100 * matching}% of data is {constraint.inferred_type}.",
        )
    completeness = types.present / column.rows
    if completeness < constraint.completeness:
        yield Violation(name, "completeness_check", f"Value: {completeness} does not meet the constraint requirement! ")
    if constraint.domains is not None and types.present:
        counts = column.categories.counts
        new = common_spelling(constraint.domains, counts)
        domain = {new.get(value, value) for value in constraint.domains}
        known = sum(count for value, count in counts.items() if new.get(value, value) in domain) / types.present
        if known < config.domain_content_threshold:
            yield Violation(
                name, "categorical_values_check", f"Value: {known} does not meet the constraint requirement! "
            )
    if drift is not None and drift > constraints.threshold(name):
        yield Violation(
            name,
            "baseline_drift_check",
            f"Baseline drift distance: {drift} exceeds threshold: {constraints.threshold(name)}",
        )


def drift_distance(
    column: ColumnProfile, constraint: FeatureConstraint, baseline: FeatureStatistics, config: MonitoringConfig
) -> float | None:
    """The distance that `baseline_drift_check` compares with its threshold; None if there is nothing to compare.

    Numbers: the largest difference of the sketches' cumulative shares; categories: of their shares (LInfinity).
    `Robust` takes 1.8 * sqrt((n + m) / (n * m)) off, so that a short window does not look like drift. ChiSquared: see
    `chi_squared_distance`.
    """
    if not config.perform_comparison:
        return None
    if constraint.inferred_type in NUMERICAL_TYPES:
        current = column.numbers
        if baseline.numerical is None or current is None:
            return None
        n, m = baseline.numerical.sketch.weight, current.sketch.weight
        simple = distance(baseline.numerical.sketch, current.sketch)
    else:
        counts = column.categories.counts
        # No category may have been kept of a window in which each occurs once: then none of the baseline's does.
        if baseline.string is None or not baseline.string.counts or not column.types.present:
            return None
        new = common_spelling(baseline.string.counts, counts)
        known, counts = respelt(baseline.string.counts, new), respelt(counts, new)
        if config.categorical_drift_method == "ChiSquared":
            return chi_squared_distance(known, counts)
        n, m = baseline.num_present, column.types.present
        simple = max(abs(known.get(value, 0) / n - counts.get(value, 0) / m) for value in known.keys() | counts.keys())
    if config.comparison_method == "Simple":
        return simple
    return max(0.0, simple - _ROBUST_FACTOR * math.sqrt((n + m) / (n * m)))


def chi_squared_distance(baseline: Mapping[str, int], current: Mapping[str, int]) -> float | None:
    """One less the p-value of Deequ's goodness-of-fit test; None if fewer than two categories are left, and 1 if the
    baseline knows none of the current categories (which Deequ's test, having no rows left, says nothing about).

    Deequ gives the p-value itself, which falls as the difference grows; whether Model Monitor turns it round before
    it asks "exceeds threshold" is not published. Here it is turned round, so that a larger number is a larger
    difference. The expected counts are the baseline's shares of those current rows whose category the baseline knows,
    and the smallest category joins the second smallest until the test is valid (Distance.scala, regroupCategories).
    """
    from scipy.special import chdtrc  # noqa: PLC0415 - a tenth of a second that only this method costs

    rows = sum(count for value, count in current.items() if value in baseline)
    if not rows:
        return 1.0
    total = sum(baseline.values())
    cells = sorted(
        ((count * rows / total, float(current.get(value, 0))) for value, count in baseline.items()), reverse=True
    )
    while len(cells) >= 2 and not _is_valid_chi_squared([expected for expected, _ in cells]):
        (smallest, observed), (second, also) = cells.pop(), cells.pop()
        cells.append((smallest + second, observed + also))
        cells.sort(reverse=True)
    if len(cells) < 2:
        return None
    expected, observed_counts = np.array(cells).T
    expected *= observed_counts.sum() / expected.sum()
    return 1.0 - float(chdtrc(len(cells) - 1, float(np.sum((observed_counts - expected) ** 2 / expected))))


def _is_valid_chi_squared(expected: list[float]) -> bool:
    # Cochran: two categories need ten each; Yates: of more, at most a fifth may have fewer than five.
    if len(expected) == 2:
        return min(expected) >= 10
    return sum(count < 5 for count in expected) <= int(0.2 * len(expected))


def _feature_to_dict(feature: FeatureConstraint) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": feature.name,
        "inferred_type": feature.inferred_type,
        "completeness": feature.completeness,
    }
    if feature.is_non_negative is not None:
        document["num_constraints"] = {"is_non_negative": feature.is_non_negative}
    if feature.domains is not None:
        document["string_constraints"] = {"domains": list(feature.domains)}
    overrides: dict[str, Any] = {}
    if feature.evaluate is not None:
        overrides["evaluate_constraints"] = _switch(feature.evaluate)
    if feature.emit is not None:
        overrides["emit_metrics"] = _switch(feature.emit)
    if feature.comparison_threshold is not None:
        overrides["distribution_constraints"] = {"comparison_threshold": feature.comparison_threshold}
    if overrides:
        document["monitoring_config_overrides"] = overrides
    return document


def _feature_from_dict(document: Mapping[str, Any]) -> FeatureConstraint:
    numbers, strings = document.get("num_constraints") or {}, document.get("string_constraints") or {}
    overrides: dict[str, Any] = {}
    for place in (numbers, strings, document):  # the SDK's own fixture nests it in string_constraints
        overrides.update(place.get("monitoring_config_overrides") or place.get("monitoringConfigOverrides") or {})
    domains = strings.get("domains")
    threshold = (overrides.get("distribution_constraints") or {}).get("comparison_threshold")
    return FeatureConstraint(
        str(document["name"]),
        str(document["inferred_type"]),
        float(document.get("completeness", 0.0)),
        numbers.get("is_non_negative"),
        None if domains is None else tuple(str(value) for value in domains),
        _is_on(overrides.get("evaluate_constraints")),
        _is_on(overrides.get("emit_metrics")),
        None if threshold is None else float(threshold),
    )


def _config_from_dict(document: Mapping[str, Any]) -> MonitoringConfig:
    default = MonitoringConfig()
    distribution = document.get("distribution_constraints") or {}
    threshold = float(distribution.get("comparison_threshold", default.comparison_threshold))
    # `enable_comparisons` is what images of 2019 wrote.
    comparing = distribution.get("perform_comparison", distribution.get("enable_comparisons"))
    return MonitoringConfig(
        _on(document.get("evaluate_constraints"), default.evaluate_constraints),
        _on(document.get("emit_metrics"), default.emit_metrics),
        float(document.get("datatype_check_threshold", default.datatype_check_threshold)),
        float(document.get("domain_content_threshold", default.domain_content_threshold)),
        _on(comparing, default.perform_comparison),
        threshold,
        _named(_METHODS, distribution.get("comparison_method", default.comparison_method), "comparison_method"),
        float(distribution.get("categorical_comparison_threshold", threshold)),
        _named(
            _CATEGORICAL_METHODS,
            distribution.get("categorical_drift_method", default.categorical_drift_method),
            "categorical_drift_method",
        ),
    )


def _named(known: Mapping[str, str], value: object, key: str) -> str:
    try:
        return known[str(value).lower()]
    except KeyError as error:
        raise InputError(f"{key} is {value!r}: give one of {', '.join(sorted(set(known.values())))}") from error


def _switch(on: bool) -> str:
    return "Enabled" if on else "Disabled"


def _is_on(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    return str(value).lower() == "enabled"


def _on(value: object, default: bool) -> bool:
    switched = _is_on(value)
    return default if switched is None else switched
